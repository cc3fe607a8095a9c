// Keeps the archive of this layer from being empty until its first source lands.
