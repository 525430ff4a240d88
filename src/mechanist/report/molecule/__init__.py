"""The molecule in the report: which frames are shown, as pictures and for the viewer."""
