"""How each family of clients walks its endpoints: what it asks, and what makes it go on."""
