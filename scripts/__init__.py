"""Developer commands of Qinhe; none of them is shipped in the package."""
