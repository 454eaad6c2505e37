//! Log lines go to standard error; standard output is for what was asked for.

use std::io::{IsTerminal, stderr};

use tracing::Subscriber;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::util::SubscriberInitExt;

use crate::cli::LogFormat;

/// `filter` as in `info,gateway=debug`.
pub(crate) fn init(filter: &str, format: LogFormat) -> Result<(), String> {
    let filter = EnvFilter::try_new(filter).map_err(|error| format!("log filter: {error}"))?;
    let lines = lines(filter, format, stderr, stderr().is_terminal());
    lines.try_init().map_err(|error| format!("log: {error}"))
}

fn lines<W>(
    filter: EnvFilter,
    format: LogFormat,
    writer: W,
    with_colours: bool,
) -> Box<dyn Subscriber + Send + Sync>
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(writer);
    match format {
        LogFormat::Text => Box::new(lines.with_ansi(with_colours).finish()),
        LogFormat::Json => Box::new(lines.json().flatten_event(true).finish()),
    }
}

#[cfg(test)]
mod tests {
    use std::io::{self, Write};
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn logged(format: LogFormat) -> String {
        let kept = Kept::default();
        let writer = kept.clone();
        let lines = lines(EnvFilter::new("info"), format, move || writer.clone(), false);
        tracing::subscriber::with_default(lines, || {
            tracing::warn!(job = "presence", tries = 3, "a job \"failed\"\nbadly");
            tracing::debug!("not asked for");
        });
        let bytes = kept.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn json_has_an_object_a_line_with_its_fields() {
        let text = logged(LogFormat::Json);
        assert_eq!(text.lines().count(), 1, "{text}");
        let line: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(line["level"], "WARN");
        assert_eq!(line["message"], "a job \"failed\"\nbadly");
        assert_eq!((&line["job"], &line["tries"]), (&"presence".into(), &3.into()));
        assert!(line["timestamp"].is_string() && line["target"].is_string());
    }

    #[test]
    fn text_is_for_people() {
        let text = logged(LogFormat::Text);
        assert!(text.contains(" WARN ") && text.contains("job=\"presence\" tries=3"), "{text}");
    }
}
