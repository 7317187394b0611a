"""A local AWS with the product deployed on it, and an Elsom sandbox beside it."""
