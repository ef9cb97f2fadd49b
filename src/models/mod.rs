//! Rows, insertable and changeset structs, typed ids and enums: one file a table.
