"""The doors: API, web, command line and jobs. They translate and never decide."""
