//! How the store fails.

use domain::Fault;

/// Why a read or write did not succeed. No text in here ever holds a value of a row.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database cannot be reached, or its commit failed. Whether a write took effect is not
    /// known when the connection broke during the commit; `random_id` and the like make a second
    /// try harmless.
    #[error("the database is not available: {0}")]
    Unavailable(String),
    /// The store was closed.
    #[error("the store is closed")]
    Closed,
    /// A value that must be unique is taken.
    #[error("a unique value is taken")]
    Conflict,
    /// Another node held the same rows the other way round. Nothing was changed; a second try works.
    #[error("the write met another one and was undone")]
    Contended,
    /// A statement is wrong: a fault of this program.
    #[error("statement refused: {0}")]
    Sql(String),
    /// A row holds what no version of this program writes.
    #[error("corrupt row in {place}: {what}")]
    Corrupt { place: &'static str, what: Box<str> },
    /// Sealed bytes do not belong to this table, owner and row, or were changed.
    #[error("sealed bytes of {place} do not open")]
    Sealed { place: &'static str },
    /// The owner's data key is gone for good, and with it all that was sealed under it.
    #[error("the owner's data key is gone")]
    Shredded,
    /// The closure panicked. Its changes were undone.
    #[error("the write panicked")]
    Panicked,
    /// The database was written by a newer version of this program.
    #[error("the database is at migration {found}, this program knows {known}")]
    Newer { found: i64, known: i64 },
    /// A migration that has run is not the one this program has.
    #[error("migration {0} has run with a different text")]
    MigrationChanged(i64),
    /// The root key is missing, damaged, or not the one the data keys were wrapped with.
    #[error("root key: {0}")]
    RootKey(String),
}

impl StoreError {
    pub fn corrupt(place: &'static str, what: &str) -> Self {
        Self::Corrupt { place, what: what.into() }
    }

    /// What was opened, or `None` where the data key is gone: to whoever reads of somebody that is as if it were
    /// not there.
    pub(crate) fn if_there<T>(opened: Result<T, Self>) -> Result<Option<T>, Self> {
        match opened {
            Ok(opened) => Ok(Some(opened)),
            Err(Self::Shredded) => Ok(None),
            Err(error) => Err(error),
        }
    }

    pub(crate) fn unavailable(what: impl std::fmt::Display) -> Self {
        Self::Unavailable(what.to_string())
    }
}

impl From<StoreError> for domain::Error {
    fn from(error: StoreError) -> Self {
        match error {
            // A closure runs once, so the caller has to try again; clients do on their own.
            StoreError::Contended => Fault::worker_busy_too_long_retry().into(),
            // What was asked for belongs to an account that was deleted.
            StoreError::Shredded => Fault::input_user_deactivated().into(),
            error => Self::internal(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::Error;

    use super::*;

    #[test]
    fn callers_are_told_when_a_second_try_works() {
        let busy = Error::from(StoreError::Contended);
        assert!(
            matches!(&busy, Error::Fault(fault) if *fault == Fault::worker_busy_too_long_retry()),
            "{busy}"
        );
        let gone = Error::from(StoreError::Shredded);
        assert!(matches!(&gone, Error::Fault(fault) if *fault == Fault::input_user_deactivated()), "{gone}");
        for error in [StoreError::Conflict, StoreError::Closed] {
            assert!(matches!(Error::from(error), Error::Internal(_)));
        }
    }
}
