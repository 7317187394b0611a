"""The only room for DynamoDB: one table, one module for each kind of item."""
