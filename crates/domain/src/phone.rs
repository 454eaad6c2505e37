//! Phone numbers in the one form in which they are compared.

use std::fmt;

use phonenumber::Type;
use phonenumber::metadata::DATABASE;

use crate::{Fault, limits};

/// A phone number: country code and national number, digits only, without `+`.
///
/// Two spellings of one number are equal. `Debug` shows no digits, so that numbers do not get into logs.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Phone(String);

impl Phone {
    /// Reads a number as people and clients write it: `+49 (0)30 1234567`, `49301234567`, `+1-555-010-0123`.
    ///
    /// Clients send the country code with or without `+`, never a national form. Accepted is what the
    /// numbering plan calls valid, and what it calls *possible*: a known country code with a length that
    /// exists there. Plans change faster than the table of a running server does, and fictional numbers
    /// (`+1 555 01xx`) are possible without being valid; whether a number can be reached is shown by the code
    /// that has to be typed in. The protocol's own test numbers (`99966XYYYY`) are accepted too.
    ///
    /// Errors: `PHONE_NUMBER_INVALID`.
    pub fn parse(raw: &str) -> Result<Self, Fault> {
        let digits = digits_of(raw).ok_or_else(Fault::phone_number_invalid)?;
        if is_test_number(&digits) {
            return Ok(Self(digits));
        }
        let canonical = canonical(&digits).ok_or_else(Fault::phone_number_invalid)?;
        // What becomes yet another number when it is read again (a trunk zero, and one more behind it) has no
        // one form, and is none.
        let is_stable = canonical == digits || self::canonical(&canonical).as_ref() == Some(&canonical);
        if is_stable { Ok(Self(canonical)) } else { Err(Fault::phone_number_invalid()) }
    }

    /// `15550100123`
    pub fn digits(&self) -> &str {
        &self.0
    }

    /// `+15550100123`
    pub fn e164(&self) -> String {
        format!("+{}", self.0)
    }

    /// Enough for its owner to know it again: `+1•••••••23`.
    pub fn masked(&self) -> String {
        let shown_head = 1;
        let shown_tail = 2;
        let hidden = self.0.len().saturating_sub(shown_head + shown_tail);
        let tail = &self.0[self.0.len() - shown_tail..];
        format!("+{}{}{tail}", &self.0[..shown_head], "•".repeat(hidden))
    }

    /// The country of the number (ISO 3166 alpha-2, upper case); `None` for satellite and test numbers.
    ///
    /// Where several countries share a code, a number outside all of their plans counts for the main one.
    pub fn region(&self) -> Option<String> {
        if self.is_test() {
            return None;
        }
        let number = phonenumber::parse(None, self.e164()).ok()?;
        if let Some(id) = number.country().id() {
            return Some(id.as_ref().to_owned());
        }
        let regions = DATABASE.region(&number.code().value())?;
        regions.first().filter(|id| **id != NON_GEOGRAPHIC).map(|id| (*id).to_owned())
    }

    /// Whether this is one of the protocol's test numbers, which no carrier will ever serve.
    pub fn is_test(&self) -> bool {
        is_test_number(&self.0)
    }
}

impl fmt::Debug for Phone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Phone(…)")
    }
}

/// The metadata's name for codes that belong to no country (+800, +882 …).
const NON_GEOGRAPHIC: &str = "001";

/// The digits of a written number; `None` for something else than a number with a country code.
fn digits_of(raw: &str) -> Option<String> {
    let mut digits = String::with_capacity(limits::PHONE_LENGTH_MAX);
    for (at, c) in raw.trim().chars().enumerate() {
        match c {
            '0'..='9' => digits.push(c),
            '+' if at == 0 => {}
            ' ' | '\u{a0}' | '-' | '\u{2010}'..='\u{2015}' | '(' | ')' | '.' | '/' => {}
            _ => return None,
        }
        // A written number may hold a trunk zero on top of E.164's fifteen digits.
        if digits.len() > limits::PHONE_LENGTH_MAX + 2 {
            return None;
        }
    }
    // No country code begins with 0; one would be a national form or a dialling prefix.
    (digits.len() >= limits::PHONE_LENGTH_MIN && !digits.starts_with('0')).then_some(digits)
}

/// The country code and the national number without trunk zeros; `None` for what no plan calls possible.
fn canonical(digits: &str) -> Option<String> {
    let number = phonenumber::parse(None, format!("+{digits}")).ok()?;
    let code = number.code().value();
    let national = number.national().to_string();
    let canonical = format!("{code}{national}");
    let fits = (limits::PHONE_LENGTH_MIN..=limits::PHONE_LENGTH_MAX).contains(&canonical.len());
    (fits && (phonenumber::is_valid(&number) || is_possible(code, national.len()))).then_some(canonical)
}

/// `99966XYYYY`: X is a data centre. Source: "User Authorization", section "Test accounts".
fn is_test_number(digits: &str) -> bool {
    digits.len() == 10 && digits.starts_with("99966") && matches!(digits.as_bytes()[5], b'1'..=b'5')
}

/// Whether some country of this code has national numbers of this length.
fn is_possible(code: u16, length: usize) -> bool {
    // The library keeps lengths per type of line only.
    let kinds = [
        Type::Mobile,
        Type::FixedLine,
        Type::PersonalNumber,
        Type::Voip,
        Type::Uan,
        Type::TollFree,
        Type::SharedCost,
        Type::PremiumRate,
    ];
    let fits = |known: &u16| usize::from(*known) == length;
    DATABASE.by_code(&code).is_some_and(|regions| {
        let descriptors = regions.iter().flat_map(|r| kinds.map(|kind| r.descriptors().get(kind)));
        descriptors.flatten().any(|descriptor| descriptor.possible_length().iter().any(fits))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Random;
    use crate::testing::SeededRandom;

    fn check(raw: &str, digits: &str, region: Option<&str>) {
        let phone = Phone::parse(raw).unwrap_or_else(|fault| panic!("{raw}: {fault}"));
        assert_eq!(phone.digits(), digits, "{raw}");
        assert_eq!(phone.region().as_deref(), region, "{raw}");
        assert_eq!(Phone::parse(&phone.e164()).as_ref(), Ok(&phone), "{raw}: canonical form is stable");
        assert_eq!(Phone::parse(phone.digits()).as_ref(), Ok(&phone), "{raw}: canonical form is stable");
    }

    #[test]
    fn spellings_of_one_number_are_equal() {
        check("+15550100123", "15550100123", Some("US"));
        check("15550100123", "15550100123", Some("US"));
        check("+1 (555) 010-0123", "15550100123", Some("US"));
        check("+1.555.010.0123", "15550100123", Some("US"));
        check("+49 (0)30 1234567", "49301234567", Some("DE"));
        check("49301234567", "49301234567", Some("DE"));
        check("+44 7912 345678", "447912345678", Some("GB"));
        check("+39 02 3661 8300", "390236618300", Some("IT"));
        check("+7 701 234 56 78", "77012345678", Some("KZ"));
        check("+7 912 345 67 89", "79123456789", Some("RU"));
        check("+1 242 359 1234", "12423591234", Some("BS"));
        check("+870 773 111 632", "870773111632", None);
        check("9996621234", "9996621234", None);
    }

    #[test]
    fn what_cannot_be_a_number_is_refused() {
        let refused = [
            "",
            "+",
            "12345",
            "+1555010",
            "0049301234567",
            "030 1234567",
            "+155501001234567890",
            "call me",
            "+1555010012x",
            "1+5550100123",
            "+2101234567",
            "+99966012345",
            "٤٩٣٠١٢٣٤٥٦٧",
            "\u{0}15550100123",
            // One trunk zero after the other.
            "9100000007./0134",
        ];
        for raw in refused {
            assert_eq!(Phone::parse(raw), Err(Fault::phone_number_invalid()), "{raw:?}");
        }
    }

    #[test]
    fn debug_and_mask_hide_the_number() {
        let phone = Phone::parse("+15550100123").unwrap();
        assert_eq!(format!("{phone:?}"), "Phone(…)");
        assert_eq!(phone.masked(), "+1••••••••23");
    }

    #[test]
    fn strange_digits_never_panic() {
        let seed = 0x5eed_0001;
        let source = SeededRandom::new(seed);
        let random: &dyn Random = &source;
        for _ in 0..3_000 {
            let length = random.below(20);
            let raw: String = (0..length).map(|_| char::from(b'0' + digit(random))).collect();
            if let Ok(phone) = Phone::parse(&raw) {
                assert_eq!(Phone::parse(phone.digits()).as_ref(), Ok(&phone), "seed {seed}: {raw}");
                phone.region();
            }
        }
    }

    /// The library looks regions up with `unwrap`: every calling code gets a look.
    #[test]
    fn every_calling_code_can_be_read() {
        for code in 1..1000 {
            for begin in 0..100 {
                if let Ok(phone) = Phone::parse(&format!("+{code}{begin:02}3456")) {
                    phone.region();
                }
            }
        }
    }

    fn digit(random: &dyn Random) -> u8 {
        u8::try_from(random.below(10)).unwrap()
    }
}
