//! What goes into statements and what comes out of them.

use crate::StoreError;

/// A parameter of a statement.
#[derive(Clone, Copy)]
pub enum Value<'a> {
    Null,
    Int(i64),
    Text(&'a str),
    Blob(&'a [u8]),
}

impl<'a> Value<'a> {
    pub fn opt_int(value: Option<i64>) -> Self {
        value.map_or(Self::Null, Self::Int)
    }

    pub fn opt_text(value: Option<&'a str>) -> Self {
        value.map_or(Self::Null, Self::Text)
    }

    pub fn opt_blob(value: Option<&'a [u8]>) -> Self {
        value.map_or(Self::Null, Self::Blob)
    }
}

/// One column of a row; texts and blobs are spans of the row's bytes.
#[derive(Clone, Copy)]
pub(crate) enum Cell {
    Null,
    Int(i64),
    Text {
        start: u32,
        end: u32,
    },
    Blob {
        start: u32,
        end: u32,
    },
    /// A type that the schema does not use.
    Foreign,
}

/// A row of a result. Columns are read by their place in the statement.
///
/// Every accessor errs with [`StoreError::Corrupt`] when the column is missing or has another type.
pub struct Row {
    sql: &'static str,
    cells: Box<[Cell]>,
    bytes: Box<[u8]>,
}

impl Row {
    pub fn int(&self, column: usize) -> Result<i64, StoreError> {
        self.opt_int(column)?.ok_or_else(|| self.mistyped(column, "null"))
    }

    /// An integer that fits the wire's 32 bits.
    pub fn int32(&self, column: usize) -> Result<i32, StoreError> {
        i32::try_from(self.int(column)?).map_err(|_| self.mistyped(column, "beyond 32 bits"))
    }

    pub fn opt_int(&self, column: usize) -> Result<Option<i64>, StoreError> {
        match self.cell(column)? {
            Cell::Null => Ok(None),
            Cell::Int(value) => Ok(Some(value)),
            _ => Err(self.mistyped(column, "not an integer")),
        }
    }

    pub fn text(&self, column: usize) -> Result<&str, StoreError> {
        self.opt_text(column)?.ok_or_else(|| self.mistyped(column, "null"))
    }

    pub fn opt_text(&self, column: usize) -> Result<Option<&str>, StoreError> {
        match self.cell(column)? {
            Cell::Null => Ok(None),
            Cell::Text { start, end } => std::str::from_utf8(self.span(start, end))
                .map(Some)
                .map_err(|_| self.mistyped(column, "not UTF-8")),
            _ => Err(self.mistyped(column, "not a text")),
        }
    }

    pub fn blob(&self, column: usize) -> Result<&[u8], StoreError> {
        self.opt_blob(column)?.ok_or_else(|| self.mistyped(column, "null"))
    }

    pub fn opt_blob(&self, column: usize) -> Result<Option<&[u8]>, StoreError> {
        match self.cell(column)? {
            Cell::Null => Ok(None),
            Cell::Blob { start, end } => Ok(Some(self.span(start, end))),
            _ => Err(self.mistyped(column, "not a blob")),
        }
    }

    /// A blob of a fixed length: a hash, a link, a nonce.
    pub fn array<const N: usize>(&self, column: usize) -> Result<[u8; N], StoreError> {
        self.blob(column)?.try_into().map_err(|_| self.mistyped(column, "a blob of another length"))
    }

    pub(crate) fn new(sql: &'static str, cells: &[Cell], bytes: &[u8]) -> Self {
        Self { sql, cells: cells.into(), bytes: bytes.into() }
    }

    fn cell(&self, column: usize) -> Result<Cell, StoreError> {
        self.cells.get(column).copied().ok_or_else(|| self.mistyped(column, "missing"))
    }

    fn span(&self, start: u32, end: u32) -> &[u8] {
        &self.bytes[start as usize..end as usize]
    }

    fn mistyped(&self, column: usize, what: &str) -> StoreError {
        StoreError::Corrupt { place: self.sql, what: format!("column {column} is {what}").into() }
    }
}

/// Collects the columns of one row; reused from row to row.
#[derive(Default)]
pub(crate) struct RowBuilder {
    cells: Vec<Cell>,
    bytes: Vec<u8>,
}

impl RowBuilder {
    pub(crate) fn null(&mut self) {
        self.cells.push(Cell::Null);
    }

    pub(crate) fn int(&mut self, value: i64) {
        self.cells.push(Cell::Int(value));
    }

    pub(crate) fn foreign(&mut self) {
        self.cells.push(Cell::Foreign);
    }

    pub(crate) fn text(&mut self, text: &[u8]) {
        let (start, end) = self.append(text);
        self.cells.push(Cell::Text { start, end });
    }

    pub(crate) fn blob(&mut self, blob: &[u8]) {
        let (start, end) = self.append(blob);
        self.cells.push(Cell::Blob { start, end });
    }

    /// The row, leaving the builder empty for the next one.
    pub(crate) fn take(&mut self, sql: &'static str) -> Row {
        let row = Row::new(sql, &self.cells, &self.bytes);
        self.cells.clear();
        self.bytes.clear();
        row
    }

    fn append(&mut self, bytes: &[u8]) -> (u32, u32) {
        let offset = |at: usize| u32::try_from(at).expect("engines cap a row at 1 GiB");
        let start = offset(self.bytes.len());
        self.bytes.extend_from_slice(bytes);
        (start, offset(self.bytes.len()))
    }
}
