//! Making a plan that fails smaller, as long as it fails.

use crate::plan::Plan;
use crate::run::run;
use crate::template::Template;

/// Runs that a search may take.
const RUNS_MAX: usize = 400;

/// The smallest plan found that fails, in whatever way.
pub fn shrink(plan: &Plan, template: &Template) -> Plan {
    let mut best = plan.clone();
    let mut runs = 0;
    let mut fails = |plan: &Plan| {
        runs += 1;
        runs <= RUNS_MAX && run(plan, template, false).failure.is_some()
    };
    // Fair weather first: what fails without the network is easier to look at.
    for weather in calmer(&best) {
        let try_out = Plan { weather, ..best.clone() };
        if fails(&try_out) {
            best = try_out;
        }
    }
    let mut size = best.steps.len().div_ceil(2);
    loop {
        let mut at = 0;
        while at < best.steps.len() {
            let end = (at + size).min(best.steps.len());
            let mut try_out = best.clone();
            // The time that the steps took passes all the same.
            let waited: i64 = try_out.steps.drain(at..end).map(|step| step.wait).sum();
            if let Some(next) = try_out.steps.get_mut(at) {
                next.wait += waited;
            }
            if fails(&try_out) {
                best = try_out;
            } else {
                at = end;
            }
        }
        if size <= 1 {
            return best;
        }
        size /= 2;
    }
}

fn calmer(plan: &Plan) -> Vec<crate::network::Weather> {
    let now = plan.weather;
    vec![
        crate::network::Weather { silences: 0, ..now },
        crate::network::Weather { silences: 0, cuts: 0, ..now },
        crate::network::Weather { silences: 0, cuts: 0, duplicates: 0, ..now },
        crate::network::Weather { silences: 0, cuts: 0, duplicates: 0, reorder: false, jitter: 0, ..now },
    ]
}
