"""Comparisons of nncpp with other libraries on the same work; start with README.md."""
