"""What a payment is and which steps it may take. Pure: no AWS, no HTTP, no environment."""
