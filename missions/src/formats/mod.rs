//! Files of flights, out and in.
