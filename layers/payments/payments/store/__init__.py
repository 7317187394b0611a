"""The only package that uses DynamoDB: one table, one module for each kind of item."""
