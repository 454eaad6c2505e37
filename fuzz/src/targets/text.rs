//! Message text with entities, words, names, phone numbers.

use domain::phone::Phone;
use domain::text::{self, DateFormat, Entity, EntityKind, Styled};
use domain::username::{self, Username};
use domain::{Fault, UserId, limits, names};

use super::numbered;
use crate::input::Input;

fn kind(input: &mut Input<'_>) -> EntityKind {
    use EntityKind::*;
    let string = |input: &mut Input<'_>| String::from_utf8_lossy(input.chunk()).into_owned();
    match input.u8() % 25 {
        0 => Unknown,
        1 => Mention,
        2 => Hashtag,
        3 => BotCommand,
        4 => Url,
        5 => Email,
        6 => Bold,
        7 => Italic,
        8 => Code,
        9 => Pre { language: string(input) },
        10 => TextUrl { url: string(input) },
        11 => MentionName { user: UserId(input.u8().into()) },
        12 => Phone,
        13 => Cashtag,
        14 => Underline,
        15 => Strike,
        16 => BankCard,
        17 => Spoiler,
        18 => CustomEmoji { document: input.u8().into() },
        19 => Blockquote { collapsed: input.coin() },
        20 => FormattedDate { format: DateFormat::default(), date: input.i32() },
        21 => TonAddress,
        22 => DiffInsert,
        23 => DiffReplace { old_text: string(input) },
        _ => DiffDelete,
    }
}

fn entities(input: &mut Input<'_>) -> Vec<Entity> {
    let count = input.u8() % 32;
    let number = |input: &mut Input<'_>| match input.u8() {
        255 => input.i32(),
        254 => i32::from(input.u16()),
        number => i32::from(number),
    };
    (0..count).map(|_| Entity { kind: kind(input), offset: number(input), length: number(input) }).collect()
}

/// What is stored lies inside the text, nests, is in order, and is stored the same when it is sent again.
pub fn message(data: &[u8]) {
    let mut input = Input(data);
    let how = input.u8();
    let given = entities(&mut input);
    let raw = String::from_utf8_lossy(input.rest()).into_owned();
    let (take, limit): (fn(&str, Vec<Entity>) -> Result<Styled, Fault>, usize) = match how % 3 {
        0 => (text::message, limits::MESSAGE_LENGTH),
        1 => (text::caption, limits::CAPTION_LENGTH),
        _ => (text::draft, limits::MESSAGE_LENGTH),
    };
    let Ok(styled) = take(&raw, given) else { return };
    check(&styled, limit);
    let again = take(&styled.text, styled.entities.clone()).expect("what is stored can be sent");
    if styled.entities.len() < limits::MESSAGE_ENTITIES {
        assert_eq!(again, styled);
    }
}

fn check(styled: &Styled, limit: usize) {
    // Offsets at which a character begins or the text ends.
    let mut begins = vec![true];
    for c in styled.text.chars() {
        assert!(!c.is_control() || c == '\n' || c == '\t', "{c:?} is stored");
        begins.extend((1..c.len_utf16()).map(|_| false));
        begins.push(true);
    }
    assert!(begins.len() - 1 <= limit);
    assert!(styled.entities.len() <= limits::MESSAGE_ENTITIES);
    let mut open: Vec<usize> = Vec::new();
    let mut last = 0;
    for entity in &styled.entities {
        assert!(entity.length > 0 && entity.offset >= 0, "{entity:?}");
        let (start, end) = (entity.offset as usize, (entity.offset + entity.length) as usize);
        assert!(end < begins.len() && begins[start] && begins[end], "{entity:?}");
        assert!(start >= last, "{entity:?} is out of order");
        last = start;
        open.retain(|outer| *outer > start);
        assert!(open.iter().all(|outer| *outer >= end), "{entity:?} crosses another");
        open.push(end);
    }
}

/// Tables of top-level domains and the like are built on first use.
pub fn warm_message() {
    for (_, seed) in seeds_message() {
        message(&seed);
    }
}

pub fn seeds_message() -> Vec<(String, Vec<u8>)> {
    let texts = [
        "see https://example.com/a?b=c, mail ann@example.org or @ann_b #tag $USD /start@bot +1 555 010 0123",
        "  \u{202e}x\r\n\u{2028}👍👍 4111 1111 1111 1111 \u{200b}e\u{301}",
        "EQAbcdefghijklmnopqrstuvwxyz0123456789-_ABCDEFGH www.example.co.uk:80/(x)",
    ];
    let given: [&[u8]; 3] = [
        &[0, 0],
        &[0, 3, 6, 0, 4, 7, 2, 6, 9, 2, b'p', b'y', 3, 9],
        &[1, 2, 10, 4, b't', b'.', b'm', b'e', 0, 3, 19, 1, 0, 8],
    ];
    numbered(texts.iter().flat_map(|text| given.map(|given| [given, text.as_bytes()].concat())))
}

/// Words are bounded, and a text is found by its own words.
pub fn words(data: &[u8]) {
    let text = String::from_utf8_lossy(data).into_owned();
    let words = domain::words::words(&text);
    assert!(words.len() <= limits::INDEX_WORDS);
    assert!(words.iter().all(|word| !word.is_empty() && word.chars().count() <= limits::INDEX_WORD));
    if !words.is_empty() && text.chars().count() <= limits::QUERY_LENGTH {
        assert!(domain::words::query(&text).matches(&text), "{text:?} is not found by itself");
    }
    if let Ok(name) = names::first_name(&text) {
        assert!(name.chars().count() <= limits::NAME_LENGTH);
        assert_eq!(names::first_name(&name), Ok(name));
    }
    let last = names::last_name(&text);
    assert_eq!(names::last_name(&last), last);
    if let Ok(about) = names::about(&text, true) {
        assert_eq!(names::about(&about, true), Ok(about));
    }
    let _ = (names::contact_name(&text, &last), names::note(&text), username::fold(&text));
    if let Ok(username) = Username::parse(&text) {
        assert_eq!(username.folded(), username::fold(username.as_str()));
    }
}

pub fn seeds_words() -> Vec<(String, Vec<u8>)> {
    let texts =
        ["Straße, CAFÉ und naïve 你好世界", "ann_b_2000", "  Ann\u{200b} \u{202e}O'Neill ", "İstanbul ﬁne ǅ"];
    numbered(texts.map(|text| text.into()))
}

/// The canonical form of a number is stable, and everything can be said of it.
pub fn phone(data: &[u8]) {
    // Digits and signs out of any bytes, so that most inputs get past the first look.
    let signs = b"0123456789+- ()./";
    let dense: String = data.iter().map(|byte| char::from(signs[usize::from(*byte) % signs.len()])).collect();
    for raw in
        [String::from_utf8_lossy(data).into_owned(), dense.clone(), format!("+{}", dense.replace('+', ""))]
    {
        let Ok(phone) = Phone::parse(&raw) else { continue };
        let length = phone.digits().len();
        assert!((limits::PHONE_LENGTH_MIN..=limits::PHONE_LENGTH_MAX).contains(&length), "{length}");
        assert_eq!(Phone::parse(phone.digits()).as_ref(), Ok(&phone), "{raw}");
        assert_eq!(Phone::parse(&phone.e164()).as_ref(), Ok(&phone), "{raw}");
        assert_eq!(phone.masked().chars().count(), length + 1);
        let _ = (phone.region(), phone.is_test());
    }
}

pub fn warm_phone() {
    for raw in ["+15550100123", "+49301234567", "+870773111632"] {
        phone(raw.as_bytes());
    }
}

pub fn seeds_phone() -> Vec<(String, Vec<u8>)> {
    let numbers = ["+15550100123", "+49 (0)30 1234567", "+39 02 3661 8300", "9996621234", "+870 773 111 632"];
    numbered(numbers.map(|number| number.into()))
}
