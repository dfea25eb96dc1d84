"""What is done without being asked: jobs of the night, in the program that serves the pages."""
