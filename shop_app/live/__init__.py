"""The live room: the bus and the rooms that push facts to open pages."""
