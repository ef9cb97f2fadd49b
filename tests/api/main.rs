//! The one integration binary.


