"""What a blind relay keeps of its mailboxes."""
