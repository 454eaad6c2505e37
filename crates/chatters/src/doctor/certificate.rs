//! How long the certificates of a chain are good.

use std::path::Path;

use domain::Time;
use pkcs1::der::asn1::{AnyRef, GeneralizedTime, UtcTime};
use pkcs1::der::{Decode, Reader, SliceReader, Tag, Tagged};

use super::Report;

const DAY_SECS: i64 = 86_400;
/// Certificates are often renewed a month before their end; one with less than this was not.
const WARNING_DAYS: i64 = 14;

/// From when and until when a certificate is good, in seconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Validity {
    from: i64,
    until: i64,
}

/// Whether now, and some time yet, every certificate of the chain is good.
pub(super) fn check(path: &Path, now: Time, report: &mut Report) {
    let shown = path.display();
    let chain = match gateway::tls::certificates(path) {
        Ok(chain) => chain,
        Err(why) => return report.error("certificate", why.to_string()),
    };
    let read: Option<Vec<Validity>> = chain.iter().map(|certificate| validity(certificate)).collect();
    match read {
        Some(read) if !read.is_empty() => judge(&read, now, &shown.to_string(), report),
        _ => report.error("certificate", format!("{shown} holds something that is no certificate")),
    }
}

fn judge(chain: &[Validity], now: Time, shown: &str, report: &mut Report) {
    let from = chain.iter().map(|one| one.from).max().unwrap_or(i64::MAX);
    let until = chain.iter().map(|one| one.until).min().unwrap_or(i64::MIN);
    let days = (until - now.secs()) / DAY_SECS;
    if until <= now.secs() {
        report.error("certificate", format!("{shown} has expired: renew it and start the server anew"));
    } else if from > now.secs() {
        report.error("certificate", format!("{shown} is not good yet: is the clock right?"));
    } else if days < WARNING_DAYS {
        report
            .warn("certificate", format!("{shown} ends in {days} days: renew it and start the server anew"));
    } else {
        report.ok("certificate", format!("{shown} is good for {days} days"));
    }
}

/// `Certificate ::= SEQUENCE { SEQUENCE { [0] version, serial, signature, issuer, SEQUENCE { from, until } … } … }`;
/// the version may be missing.
fn validity(certificate: &[u8]) -> Option<Validity> {
    const VERSION: u8 = 0xa0;
    let signed = *elements(certificate)?.first()?;
    let mut fields = elements(signed)?;
    if fields.first()?.first() == Some(&VERSION) {
        fields.remove(0);
    }
    let times = elements(fields.get(3)?)?;
    Some(Validity { from: secs(times.first()?)?, until: secs(times.get(1)?)? })
}

/// The elements of a sequence, each as it stands.
fn elements(sequence: &[u8]) -> Option<Vec<&[u8]>> {
    let sequence = AnyRef::from_der(sequence).ok().filter(|it| it.tag() == Tag::Sequence)?;
    let mut reader = SliceReader::new(sequence.value()).ok()?;
    let mut found = Vec::new();
    while !reader.is_finished() {
        found.push(reader.tlv_bytes().ok()?);
    }
    Some(found)
}

/// Years before 2050 are written in one way, later ones in another.
fn secs(time: &[u8]) -> Option<i64> {
    let short = UtcTime::from_der(time).map(|time| time.to_unix_duration());
    let since = short.or_else(|_| GeneralizedTime::from_der(time).map(|time| time.to_unix_duration()));
    i64::try_from(since.ok()?.as_secs()).ok()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::doctor::State;

    /// A certificate that is good from one year to another, both from their first of January on.
    fn made(from: i32, until: i32) -> String {
        let mut wanted = rcgen::CertificateParams::new(vec!["chat.example.org".to_owned()]).unwrap();
        wanted.not_before = rcgen::date_time_ymd(from, 1, 1);
        wanted.not_after = rcgen::date_time_ymd(until, 1, 1);
        wanted.self_signed(&rcgen::KeyPair::generate().unwrap()).unwrap().pem()
    }

    #[test]
    fn the_end_of_a_certificate_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("chain.pem");
        // 2027-01-01 00:00 UTC.
        let year = 1_798_761_600;
        let check = |text: String, now: i64, state: State, expected: &str| {
            fs::write(&path, text).unwrap();
            let mut report = Report::default();
            super::check(&path, Time::from_secs(now), &mut report);
            let finding = &report.0[0];
            assert_eq!((finding.check, finding.state), ("certificate", state), "{}", finding.text);
            assert!(finding.text.contains(expected), "{}", finding.text);
        };
        check(made(2026, 2027), year - 30 * DAY_SECS, State::Ok, "good for 30 days");
        check(made(2026, 2027), year - 13 * DAY_SECS, State::Warning, "ends in 13 days");
        check(made(2026, 2027), year, State::Error, "has expired");
        check(made(2027, 2060), year - 1, State::Error, "not good yet");
        check(made(2027, 2060), year, State::Ok, "good for");
        // The chain ends with the first of its certificates.
        check(made(2026, 2060) + &made(2026, 2027), year, State::Error, "has expired");
        check("nothing".to_owned(), year, State::Error, "chain.pem");
        let pem = "-----BEGIN CERTIFICATE-----\nMAMCAQE=\n-----END CERTIFICATE-----\n";
        check(pem.to_owned(), year, State::Error, "no certificate");
    }
}
