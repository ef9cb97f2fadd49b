//! Every query of the program, one module a table.
