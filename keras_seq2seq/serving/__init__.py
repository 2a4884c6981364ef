"""A trained model behind HTTP, as SageMaker's seq2seq answered."""
