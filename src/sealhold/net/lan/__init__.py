"""What devices of one person say to each other straight over their own network."""
