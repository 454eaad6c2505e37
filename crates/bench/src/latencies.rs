//! Times of many messages, and what to say of them.

/// Times in microseconds.
#[derive(Clone, Debug, Default)]
pub struct Latencies(Vec<u32>);

/// Milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Summary {
    pub count: usize,
    pub p50: f64,
    pub p99: f64,
    pub max: f64,
}

impl Latencies {
    pub fn add(&mut self, micros: i64) {
        self.0.push(u32::try_from(micros.max(0)).unwrap_or(u32::MAX));
    }

    pub fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// By the nearest rank: the p99 of a hundred times is the second longest.
    pub fn summary(mut self) -> Summary {
        self.0.sort_unstable();
        let at = |share: f64| {
            let rank = (share * self.0.len() as f64).ceil() as usize;
            let micros = self.0.get(rank.saturating_sub(1)).copied().unwrap_or_default();
            f64::from(micros) / 1000.0
        };
        Summary { count: self.0.len(), p50: at(0.5), p99: at(0.99), max: at(1.0) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks() {
        assert_eq!(Latencies::default().summary(), Summary::default());
        let mut many = Latencies::default();
        for micros in (1..=100).rev() {
            many.add(micros * 1000);
        }
        assert_eq!(many.summary(), Summary { count: 100, p50: 50.0, p99: 99.0, max: 100.0 });
        let mut one = Latencies::default();
        one.add(-5);
        one.add(1500);
        assert_eq!(one.summary(), Summary { count: 2, p50: 0.0, p99: 1.5, max: 1.5 });
    }
}
