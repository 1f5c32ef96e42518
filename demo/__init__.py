"""What regdoctor is for, shown with real programs: ``make demo``."""
