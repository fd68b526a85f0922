"""The guide's stages: moving, overruling, going live, signing, suspending."""
