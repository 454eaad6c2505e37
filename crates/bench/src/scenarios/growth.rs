//! The same on a full database: what it costs that others are there.

use crate::figures::Figure;
use crate::home::Home;
use crate::load::Plan;
use crate::scenarios::{Context, delivery, reads, single};
use crate::seed::{Person, Seed};

/// People among whom the messages are.
const TALKERS: usize = 2_000;
/// Whom each of them writes to.
const CIRCLE: usize = 10;

pub fn run(context: &Context) -> Result<Vec<Figure>, String> {
    let (accounts, messages) = context.pick((100_000_u32, 1_000_000_usize), (2_000, 4_000));
    let home = context.home()?;
    let runtime = single()?;
    let (pairs, readers, known) = runtime.block_on(async {
        let mut seed = Seed::open(&home.store()?)?;
        let pairs = delivery::pairs(&mut seed, 50).await?;
        let readers = reads::prepare(&mut seed).await?;
        let known = seed.count();
        seed.close();
        Ok::<_, String>((pairs, readers, known))
    })?;
    let before = measure(context, &home, &pairs, &readers)?;
    eprintln!("  growth: {accounts} accounts");
    let crowd = fill(&home, known, async |seed: &mut Seed| seed.people(accounts).await)?;
    let crowded = measure(context, &home, &pairs, &readers)?;
    eprintln!("  growth: {messages} messages");
    let talkers = crowd.get(..TALKERS.min(crowd.len())).unwrap_or_default().to_vec();
    fill(&home, known, async |seed: &mut Seed| {
        let befriended: Vec<_> = (0..talkers.len())
            .flat_map(|at| (1..=CIRCLE).map(move |step| (at, step)))
            .map(|(at, step)| (talkers[at].clone(), talkers[(at + step) % talkers.len()].clone()))
            .collect();
        seed.befriend(&befriended).await?;
        let letters = (0..messages).map(|at| {
            // Neighbours in time are strangers to each other, so that rows fall all over the tables.
            let from = at.wrapping_mul(7_919) % talkers.len();
            let to = (from + 1 + at / talkers.len() % CIRCLE) % talkers.len();
            (talkers[from].id, talkers[to].id)
        });
        seed.messages(letters, 1_000).await
    })?;
    let full = measure(context, &home, &pairs, &readers)?;
    let what = |of: &str| {
        format!(
            "the worst of: delivered/s at window 16 and 1, histories/s, lists of chats/s; {of} against the same \
             database before; the search index has what was put in"
        )
    };
    let mut figures = vec![
        Figure::higher(
            "growth_ratio_100k_accounts",
            crowded.worst(&before),
            "1",
            &what("100,000 more accounts"),
        ),
        Figure::higher(
            "growth_ratio_1m_messages",
            full.worst(&before),
            "1",
            &what("1,000,000 messages among 2,000 people and the 100,000 accounts"),
        ),
    ];
    for ((name, after), (_, before)) in full.0.iter().zip(&before.0) {
        let what = format!("with all of them; {before:.0} before");
        figures.push(Figure::higher(&format!("grown_{name}"), *after, "1/s", &what));
    }
    Ok(figures)
}

/// Opens the store, puts something in, closes it.
fn fill<T>(
    home: &Home,
    known: u32,
    with: impl AsyncFnOnce(&mut Seed) -> Result<T, String>,
) -> Result<T, String> {
    single()?.block_on(async {
        let mut seed = Seed::open(&home.store()?)?.after(known);
        let made = with(&mut seed).await;
        seed.close();
        made
    })
}

struct Speeds([(&'static str, f64); 4]);

impl Speeds {
    fn worst(&self, before: &Self) -> f64 {
        let ratios = self.0.iter().zip(&before.0).map(|((_, after), (_, before))| after / before);
        ratios.fold(f64::INFINITY, f64::min)
    }
}

fn measure(
    context: &Context,
    home: &Home,
    pairs: &[(Person, Person)],
    readers: &[Person],
) -> Result<Speeds, String> {
    let server = context.start(home)?;
    let plan = Plan {
        window: 16,
        warm_millis: context.pick(1_500, 200),
        millis: context.pick(5_000, 400),
        messages: None,
    };
    let read = reads::measure(context, &server, readers)?;
    let calm = delivery::on(context, &server, pairs, Plan { window: 1, ..plan })?;
    let busy = delivery::on(context, &server, pairs, plan)?;
    server.stop()?;
    Ok(Speeds([
        ("delivered_per_s_w16", busy.per_s),
        ("delivered_per_s_w1", calm.per_s),
        ("history_100_per_s", read.history.per_s),
        ("dialogs_100_per_s", read.dialogs.per_s),
    ]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_counts() {
        let before = Speeds([("a", 100.0), ("b", 10.0), ("c", 1.0), ("d", 4.0)]);
        let after = Speeds([("a", 90.0), ("b", 11.0), ("c", 0.5), ("d", 4.0)]);
        assert!((after.worst(&before) - 0.5).abs() < 1e-9);
    }
}
