import random

from keras_seq2seq.serving.waiting_line import LOOK_AHEAD, WaitingLine


def taken(line, count):
    return [(each.ticket, each.index) for each in line.take(count)]


def line_of(**requests):
    """A line of requests, each with the lengths of its sentences."""
    line = WaitingLine()
    for ticket, lengths in requests.items():
        line.add(ticket, lengths)
    return line


def test_requests_of_one_sentence_are_served_as_they_came():
    line = line_of(a=[3], b=[3], c=[3])
    assert taken(line, 2) == [("a", 0), ("b", 0)]
    assert taken(line, 2) == [("c", 0)]
    assert taken(line, 2) == []


def test_requests_take_turns():
    line = line_of(long=[1] * 100, short=[1], pair=[1, 1])
    assert taken(line, 3) == [("long", 0), ("short", 0), ("pair", 0)]
    assert taken(line, 2) == [("long", 1), ("pair", 1)]


def test_who_comes_later_does_not_wait_for_all_of_a_long_request():
    line = line_of(long=[1] * 1000)
    line.take(500)
    line.add("late", [1])
    assert ("late", 0) in taken(line, 2)


def test_who_comes_later_does_not_push_a_long_request_aside():
    line = line_of(long=[1] * 50)
    served = []
    for number in range(60):
        line.add(f"late {number}", [1])
        served += taken(line, 2)
    assert [index for ticket, index in served if ticket == "long"] == list(
        range(50)
    )


def test_a_request_ends_beside_clients_that_always_ask_again():
    clients, count = 300, 8
    line = WaitingLine()
    for number in range(clients):
        line.add(f"client {number}", [1])
    line.add("pair", [1, 1])
    served = []
    for _ in range(3 * clients // count):
        batch = taken(line, count)
        served += batch
        for ticket, _ in batch:
            if ticket != "pair":
                line.add(ticket, [1])
    assert [index for ticket, index in served if ticket == "pair"] == [0, 1]


def test_who_was_alone_goes_on_beside_those_who_come():
    line = line_of(long=[1] * 600)
    line.take(500)
    served = []
    for number in range(300):
        line.add(f"late {number}", [1])
        served += taken(line, 2)
    assert sum(ticket == "long" for ticket, _ in served) == 100


def test_sentences_of_similar_length_go_together():
    line = line_of(a=[9], b=[1], c=[8], d=[2], e=[7])
    assert taken(line, 3) == [("a", 0), ("c", 0), ("e", 0)]


def test_the_first_in_line_is_always_taken():
    drawn = random.Random(3)
    line, waiting = WaitingLine(), {}
    for number in range(300):
        waiting[number] = 0
        line.add(number, [drawn.randint(1, 50)])
        if number % 3 == 0:
            for each in line.take(3):
                del waiting[each.ticket]
            # Only those near in the line may overtake.
            overtaken = sum(1 for other in range(number) if other in waiting)
            assert overtaken <= number - min(waiting, default=number) + 1
    while batch := line.take(3):
        assert batch[0].ticket == min(waiting)
        for each in batch:
            del waiting[each.ticket]
    assert waiting == {}


def test_none_is_taken_from_behind_the_near_ones():
    line = line_of(a=[9], **{f"b{n}": [1] for n in range(50)}, z=[9])
    names = {ticket for ticket, _ in taken(line, 2)}
    assert names <= {"a", *(f"b{n}" for n in range(2 * LOOK_AHEAD))}
    assert "a" in names


def test_a_request_may_leave():
    line = line_of(a=[1, 1], b=[2], c=[1])
    line.remove("b")
    assert len(line) == 3
    assert taken(line, 9) == [("a", 0), ("c", 0), ("a", 1)]
