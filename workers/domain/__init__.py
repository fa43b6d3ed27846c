"""Pure things and laws of the house. Standard library only; time is a parameter; never logs."""
