//! Runs the server's own work: every job again and again, each in a task of its own.

use std::sync::Arc;
use std::time::Duration;

use domain::{Repeats, Time};
use service::Service;
use service::jobs::{JOBS, Job};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tracing::{debug, warn};

/// A job never runs more often than this, whatever it asks for.
const SHORTEST: Duration = Duration::from_millis(20);

/// Starts all jobs. They end after `stop`, each at the end of its run.
pub(crate) fn start(service: &Arc<Service>, stop: &watch::Receiver<bool>) -> Vec<JoinHandle<()>> {
    let start = |job| gateway::task::spawn(repeat(job, Arc::clone(service), stop.clone()));
    JOBS.iter().map(start).collect()
}

async fn repeat(job: &'static Job, service: Arc<Service>, mut stop: watch::Receiver<bool>) {
    let mut failures = Repeats::default();
    loop {
        let next = match (job.run)(Arc::clone(&service)).await {
            Ok(next) => next,
            Err(error) => {
                if let Some(more) = failures.note(service.now(), &error.to_string()) {
                    warn!(job = job.name, %error, more, "a job failed");
                }
                None
            }
        };
        let wait = pause(job, service.now(), next);
        debug!(job = job.name, ?wait, "a job has run");
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            _ = stop.wait_for(|stopped| *stopped) => return,
        }
    }
}

/// Until `next`, when that is sooner than the job's own interval.
fn pause(job: &Job, now: Time, next: Option<Time>) -> Duration {
    let longest = Duration::from_secs(job.every_secs.into());
    let until = next.map(|next| Duration::from_millis(u64::try_from(next.0 - now.0).unwrap_or(0)));
    until.map_or(longest, |until| until.min(longest)).max(SHORTEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_waits_as_long_as_it_may() {
        let job = Job { name: "test", every_secs: 60, run: |_| Box::pin(async { Ok(None) }) };
        let now = Time::from_secs(1_000_000);
        for (next, secs) in
            [(None, 60.0), (Some(5), 5.0), (Some(500), 60.0), (Some(0), 0.02), (Some(-9), 0.02)]
        {
            let wait = pause(&job, now, next.map(|secs| now.plus_secs(secs)));
            assert_eq!(wait, Duration::from_secs_f64(secs), "{next:?}");
        }
    }
}
