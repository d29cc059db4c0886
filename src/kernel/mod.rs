//! Floor 1: pure values and rules. Nothing here reads a clock, a database or a socket.
