"""What `python -m tokens …` does, a function for each command. Every one prints what it did and raises Complaint or TokenError."""
