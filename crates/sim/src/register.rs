//! A value that several people may write at the same time, and what it may be afterwards.

/// One try to write.
#[derive(Clone, Debug)]
struct Write<T> {
    value: T,
    issued: i64,
    /// When it was known to have happened.
    done: Option<i64>,
    refused: bool,
}

/// All writes of one value.
#[derive(Clone, Debug)]
pub(crate) struct Register<T> {
    writes: Vec<Write<T>>,
}

impl<T> Register<T> {
    pub(crate) fn new(value: T) -> Self {
        Self { writes: vec![Write { value, issued: i64::MIN, done: Some(i64::MIN), refused: false }] }
    }

    /// A write begins. Gives the number under which it ends.
    pub(crate) fn begin(&mut self, now: i64, value: T) -> usize {
        self.writes.push(Write { value, issued: now, done: None, refused: false });
        self.writes.len() - 1
    }

    pub(crate) fn done(&mut self, write: usize, now: i64) {
        self.writes[write].done = Some(now);
    }

    pub(crate) fn refused(&mut self, write: usize) {
        self.writes[write].refused = true;
    }

    /// What the value may have been at some time between `from` and `to`: whatever was written and not
    /// certainly written over before.
    pub(crate) fn possible(&self, from: i64, to: i64) -> impl Iterator<Item = &T> {
        let is_over = move |write: &Write<T>| {
            let done = write.done.unwrap_or(i64::MAX);
            self.writes
                .iter()
                .any(|later| !later.refused && later.issued > done && later.done.is_some_and(|at| at < from))
        };
        let writes = self.writes.iter().filter(move |write| !write.refused && write.issued <= to);
        writes.filter(move |write| !is_over(write)).map(|write| &write.value)
    }

    /// Everything that was ever tried.
    pub(crate) fn ever(&self) -> impl Iterator<Item = &T> {
        self.writes.iter().map(|write| &write.value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn possible(register: &Register<i32>, at: i64) -> Vec<i32> {
        register.possible(at, at).copied().collect()
    }

    #[test]
    fn writes_that_overlap_may_end_either_way() {
        let mut register = Register::new(0);
        let one = register.begin(10, 1);
        assert_eq!(possible(&register, 11), [0, 1]);
        register.done(one, 20);
        assert_eq!(possible(&register, 21), [1]);
        let two = register.begin(30, 2);
        let three = register.begin(31, 3);
        register.done(two, 40);
        register.done(three, 41);
        assert_eq!(possible(&register, 50), [2, 3]);
        let four = register.begin(60, 4);
        register.refused(four);
        assert_eq!(possible(&register, 70), [2, 3]);
    }
}
