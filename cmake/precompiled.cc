// Whose compilation makes the precompiled headers (precompiled.cmake). It has nothing of its own.
