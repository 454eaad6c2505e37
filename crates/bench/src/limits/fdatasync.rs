//! What the disk does with one small write after the other.

use std::io::Write;
use std::path::Path;

pub fn per_s(scratch: &Path, millis: i64) -> Result<f64, String> {
    let mut file = tempfile::tempfile_in(scratch).map_err(|why| why.to_string())?;
    let page = [7; 4096];
    let mut failure = None;
    let rate = super::rate(millis, || {
        if let Err(why) = file.write_all(&page).and_then(|()| file.sync_data()) {
            failure = Some(why.to_string());
        }
    });
    failure.map_or(Ok(rate), Err)
}
