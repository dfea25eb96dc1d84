"""Procurement: tenders, contracts, and lots on their way from the maker to acceptance."""
