//! Message text and its entities.
