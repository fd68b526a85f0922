"""The modules of OCPI that a CPO serves."""
