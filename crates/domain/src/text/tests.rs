use super::EntityKind::*;
use super::*;
use crate::Random;
use crate::testing::SeededRandom;

fn entity(kind: EntityKind, offset: i32, length: i32) -> Entity {
    Entity { kind, offset, length }
}

/// Sends `text` with `given`, expects `text` and `entities` to be stored.
fn check(text: &str, given: &[Entity], expected_text: &str, expected: &[Entity]) {
    let styled = message(text, given.to_vec()).unwrap_or_else(|fault| panic!("{text:?}: {fault}"));
    assert_eq!(styled.text, expected_text, "{text:?}");
    assert_eq!(styled.entities, expected, "{text:?} with {given:?}");
    let again = message(&styled.text, styled.entities.clone()).unwrap();
    assert_eq!(again, styled, "{text:?}: what is stored is stable");
}

/// What the server finds in `text`: kind and the words themselves.
fn check_found(text: &str, expected: &[(EntityKind, &str)]) {
    let styled = message(text, Vec::new()).unwrap();
    let units: Vec<u16> = styled.text.encode_utf16().collect();
    let cut = |e: &Entity| {
        let (from, length) = (usize::try_from(e.offset).unwrap(), usize::try_from(e.length).unwrap());
        String::from_utf16(&units[from..from + length]).unwrap()
    };
    let found: Vec<_> = styled.entities.iter().map(|e| (e.kind.clone(), cut(e))).collect();
    let expected: Vec<_> = expected.iter().map(|(kind, words)| (kind.clone(), (*words).to_owned())).collect();
    assert_eq!(found, expected, "{text:?}");
}

#[test]
fn text_is_trimmed_and_entities_follow() {
    check("hi", &[], "hi", &[]);
    check("  hi \n", &[entity(Bold, 2, 2)], "hi", &[entity(Bold, 0, 2)]);
    check("  hi \n", &[entity(Bold, 0, 6)], "hi", &[entity(Bold, 0, 2)]);
    check("hi  ", &[entity(Bold, 2, 2)], "hi", &[]);
    check("a\r\nb", &[entity(Italic, 3, 1)], "a\nb", &[entity(Italic, 2, 1)]);
    check("a\rb\u{0}c\td", &[], "a\nb c\td", &[]);
    check("a\u{202e}bc", &[entity(Bold, 2, 1)], "abc", &[entity(Bold, 1, 1)]);
    check("👍 hi", &[entity(Bold, 3, 2)], "👍 hi", &[entity(Bold, 3, 2)]);
    check(
        "👍",
        &[entity(CustomEmoji { document: 5 }, 0, 2)],
        "👍",
        &[entity(CustomEmoji { document: 5 }, 0, 2)],
    );
}

#[test]
fn indentation_of_code_stays() {
    let pre = || Pre { language: "py".into() };
    check("\n\n  x = 1\n", &[entity(pre(), 2, 8)], "  x = 1", &[entity(pre(), 0, 7)]);
    check("    x", &[entity(Code, 2, 3)], "  x", &[entity(Code, 0, 3)]);
    check("    x", &[entity(Code, 4, 1)], "x", &[entity(Code, 0, 1)]);
}

#[test]
fn lengths_are_in_utf16() {
    let fits = "👍".repeat(2048);
    assert!(message(&fits, Vec::new()).is_ok());
    assert!(message(&format!(" {fits} \n"), Vec::new()).is_ok());
    assert_eq!(message(&format!("{fits}x"), Vec::new()), Err(Fault::message_too_long()));
    assert!(caption(&"x".repeat(1024), Vec::new()).is_ok());
    assert_eq!(caption(&"x".repeat(1025), Vec::new()), Err(Fault::media_caption_too_long()));
    assert_eq!(message(&" ".repeat(1_000_000), Vec::new()), Err(Fault::message_too_long()));
}

#[test]
fn a_message_has_something_to_see() {
    for text in ["", " ", "\n\t\r", "\u{200b}", "\u{2800}\u{3164}", "\u{0}"] {
        assert_eq!(message(text, Vec::new()), Err(Fault::message_empty()), "{text:?}");
        assert!(caption(text, Vec::new()).is_ok(), "{text:?}");
        assert!(draft(text, Vec::new()).is_ok(), "{text:?}");
    }
}

#[test]
fn entities_outside_the_text_are_refused() {
    for (offset, length) in [(-1, 1), (0, -1), (0, 5), (4, 1), (5, 0), (i32::MAX, i32::MAX), (1, 1), (0, 1)] {
        let given = vec![entity(Bold, offset, length)];
        assert_eq!(message("👍ab", given), Err(Fault::entity_bounds_invalid()), "{offset} {length}");
    }
    check("ab", &[entity(Bold, 0, 0), entity(Bold, 2, 0)], "ab", &[]);
    let many = |n| vec![entity(Bold, 0, 1); n];
    assert!(message("ab", many(1000)).is_ok());
    assert_eq!(message("ab", many(1001)), Err(Fault::entities_too_long()));
    let text = "ab ".repeat(500);
    let given = (0..500).map(|n| entity(Bold, n * 3, 2)).collect();
    assert_eq!(message(&text, given).unwrap().entities.len(), limits::MESSAGE_ENTITIES);
}

#[test]
fn entities_nest() {
    let quote = || Blockquote { collapsed: false };
    let link = || TextUrl { url: "http://example.com".into() };
    let text = "abcdefghij";
    let cases: &[(&[Entity], &[Entity])] = &[
        // One style over itself is joined, side by side is not.
        (&[entity(Bold, 0, 4), entity(Bold, 2, 4)], &[entity(Bold, 0, 6)]),
        (&[entity(Spoiler, 0, 4), entity(Spoiler, 4, 2)], &[entity(Spoiler, 0, 4), entity(Spoiler, 4, 2)]),
        // Inner after outer, whatever came first.
        (&[entity(Italic, 2, 2), entity(Bold, 0, 6)], &[entity(Bold, 0, 6), entity(Italic, 2, 2)]),
        // Crossing styles: the later one is cut.
        (
            &[entity(Bold, 0, 4), entity(Italic, 2, 4)],
            &[entity(Bold, 0, 4), entity(Italic, 2, 2), entity(Italic, 4, 2)],
        ),
        // Styles are cut at what cannot be cut.
        (
            &[entity(link(), 2, 4), entity(Bold, 0, 4)],
            &[entity(Bold, 0, 2), entity(link(), 2, 4), entity(Bold, 2, 2)],
        ),
        // Code holds nothing.
        (
            &[entity(Code, 2, 2), entity(Bold, 0, 6)],
            &[entity(Bold, 0, 2), entity(Code, 2, 2), entity(Bold, 4, 2)],
        ),
        (&[entity(Code, 0, 6), entity(Bold, 2, 2), entity(link(), 3, 1)], &[entity(Code, 0, 6)]),
        // Of two links the earlier stays.
        (&[entity(link(), 0, 4), entity(MentionName { user: UserId(7) }, 2, 4)], &[entity(link(), 0, 4)]),
        (&[entity(quote(), 0, 6), entity(quote(), 2, 2)], &[entity(quote(), 0, 6)]),
        (&[entity(quote(), 0, 6), entity(Code, 4, 4)], &[entity(quote(), 0, 6)]),
        (
            &[entity(quote(), 0, 6), entity(link(), 2, 2), entity(CustomEmoji { document: 1 }, 2, 1)],
            &[entity(quote(), 0, 6), entity(link(), 2, 2), entity(CustomEmoji { document: 1 }, 2, 1)],
        ),
        // Kinds of the server are not the client's to set.
        (&[entity(Url, 0, 4), entity(Mention, 4, 4), entity(Unknown, 0, 1)], &[]),
    ];
    for (given, expected) in cases {
        check(text, given, text, expected);
    }
}

#[test]
fn text_links_lead_to_known_places() {
    for (url, target) in [
        ("example.com", Some("http://example.com")),
        (" example.com/a?b#c ", Some("http://example.com/a?b#c")),
        ("example.com:8080/a", Some("http://example.com:8080/a")),
        ("localhost:3000", Some("http://localhost:3000")),
        ("127.0.0.1", Some("http://127.0.0.1")),
        ("https://example.com", Some("https://example.com")),
        ("tg://resolve?domain=a", Some("tg://resolve?domain=a")),
        ("mailto:a@example.com", Some("mailto:a@example.com")),
        ("javascript:alert(1)", None),
        ("JAVASCRIPT:alert(1)", None),
        ("data:text/html,x", None),
        ("file:///etc/passwd", None),
        ("https://", None),
        ("no link", None),
        ("nolink", None),
        ("", None),
    ] {
        assert_eq!(detect::link_target(url).as_deref(), target, "{url}");
    }
    assert_eq!(detect::link_target(&format!("https://example.com/{}", "x".repeat(3000))), None);
}

#[test]
fn links_and_addresses_are_found() {
    check_found("see https://example.com/a_(b), ok", &[(Url, "https://example.com/a_(b)")]);
    check_found(
        "see example.com. Or www.example.co.uk/x?y=1!",
        &[(Url, "example.com"), (Url, "www.example.co.uk/x?y=1")],
    );
    check_found("(https://example.com)", &[(Url, "https://example.com")]);
    check_found("tg://resolve?domain=abc", &[(Url, "tg://resolve?domain=abc")]);
    check_found("👍 https://пример.com/ё", &[(Url, "https://пример.com/ё")]);
    check_found("write to alice@example.com, please", &[(Email, "alice@example.com")]);
    for nothing in
        ["hello.world2", "end.Next", "1.2.3", "v1.0", "a.b", "javascript://x", "file.unknown", "e.g. this"]
    {
        check_found(nothing, &[]);
    }
}

#[test]
fn marks_are_found() {
    check_found("@alice, @bob_1!", &[(Mention, "@alice"), (Mention, "@bob_1")]);
    check_found("hi@alice @a @@alice @ü", &[]);
    check_found(&format!("@{}", "a".repeat(33)), &[]);
    check_found("#tag #été_1 #1a", &[(Hashtag, "#tag"), (Hashtag, "#été_1"), (Hashtag, "#1a")]);
    check_found("#news@channel x", &[(Hashtag, "#news@channel")]);
    check_found("#1 # ## a#b #_ #x#y", &[]);
    check_found("$USD $usd $ABCDEFGHI a$EUR", &[(Cashtag, "$USD")]);
    check_found("/start /help@some_bot", &[(BotCommand, "/start"), (BotCommand, "/help@some_bot")]);
    check_found("and/or 1/2 /a/b //x /команда https", &[]);
    check_found("call +1 (555) 010-0123 now", &[(Phone, "+1 (555) 010-0123")]);
    check_found("1+1 +12 +49301234567, ok", &[(Phone, "+49301234567")]);
    check_found("https://example.com/#tag/@alice", &[(Url, "https://example.com/#tag/@alice")]);
}

#[test]
fn nothing_is_found_where_the_author_has_spoken() {
    let link = TextUrl { url: "https://example.org/".into() };
    check("example.com", &[entity(link.clone(), 0, 11)], "example.com", &[entity(link, 0, 11)]);
    check("@alice x", &[entity(Code, 0, 6)], "@alice x", &[entity(Code, 0, 6)]);
    check("@alice", &[entity(Bold, 0, 3)], "@alice", &[entity(Mention, 0, 6), entity(Bold, 0, 3)]);
    assert_eq!(draft("@alice", Vec::new()).unwrap().entities, []);
}

/// Whatever is sent, what comes out nests, is sorted, lies inside the text, and is stable.
#[test]
fn random_entities_always_nest() {
    let seed = 0x5eed_0002;
    let source = SeededRandom::new(seed);
    let random: &dyn Random = &source;
    let alphabet: Vec<char> = "ab @#/$+1. \n\r\té👍\u{202e}:".chars().collect();
    let below = |n: usize| usize::try_from(random.below(n as u64)).unwrap();
    for round in 0..2_000 {
        let text: String = (0..1 + below(40)).map(|_| alphabet[below(alphabet.len())]).collect();
        let length = utf16_len(&text);
        let given: Vec<Entity> = (0..below(8))
            .map(|_| {
                let offset = below(length);
                let kind = random_kind(below(12));
                entity(kind, offset as i32, below(length - offset + 1) as i32)
            })
            .collect();
        let Ok(styled) = draft(&text, given.clone()) else { continue };
        let context = format!("seed {seed} round {round}: {text:?} {given:?} -> {styled:?}");
        assert_nested(&styled, &context);
        assert_eq!(draft(&styled.text, styled.entities.clone()).as_ref(), Ok(&styled), "{context}");
        if let Ok(styled) = message(&text, given) {
            assert_nested(&styled, &context);
        }
    }
}

fn random_kind(n: usize) -> EntityKind {
    [
        Bold,
        Italic,
        Underline,
        Strike,
        Spoiler,
        Code,
        Pre { language: String::new() },
        TextUrl { url: "https://example.com".into() },
        MentionName { user: UserId(1) },
        CustomEmoji { document: 1 },
        Blockquote { collapsed: true },
        Mention,
    ][n]
        .clone()
}

fn assert_nested(styled: &Styled, context: &str) {
    let length = utf16_len(&styled.text) as i32;
    for (at, a) in styled.entities.iter().enumerate() {
        assert!(a.offset >= 0 && a.length > 0 && a.offset + a.length <= length, "{context}");
        for b in &styled.entities[at + 1..] {
            let (a_end, b_end) = (a.offset + a.length, b.offset + b.length);
            assert!(a.offset <= b.offset, "sorted: {context}");
            assert!(b.offset >= a_end || b_end <= a_end, "nested: {context}");
        }
    }
}

#[test]
fn a_quote_is_a_short_text_that_is_only_decorated() {
    let styled = quote(" said\u{0}it ", vec![entity(EntityKind::Bold, 1, 4), entity(EntityKind::Code, 1, 4)]);
    let expected = Styled { text: "said it".to_owned(), entities: vec![entity(EntityKind::Bold, 0, 4)] };
    assert_eq!(styled, Ok(expected));
    let invalid = Err(Fault::quote_text_invalid());
    assert_eq!(quote(&"x".repeat(limits::QUOTE_LENGTH + 1), Vec::new()), invalid);
    assert_eq!(quote(&"x".repeat(1 << 20), Vec::new()), invalid);
    assert_eq!(quote(" \n", Vec::new()), invalid);
    let beyond = quote("said", vec![entity(EntityKind::Bold, 2, 9)]);
    assert_eq!(beyond, Err(Fault::entity_bounds_invalid()));
}

#[test]
fn a_part_of_a_text_is_found_where_it_was_looked_for() {
    let text = "ha 😀 ha 😀 ha";
    assert_eq!([0, 3, 5, 7, 99].map(|near| find(text, "ha", near)), [0, 0, 6, 6, 12].map(Some));
    assert_eq!(find(text, "ho", 0), None);
}
