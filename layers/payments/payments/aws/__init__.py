"""AWS except DynamoDB: clients, API Gateway, queues, the event bus, the merchant's secret."""
