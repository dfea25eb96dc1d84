"""The cards floor: blanks in custody and cards in hands."""
