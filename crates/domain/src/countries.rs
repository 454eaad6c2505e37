//! The countries that a client offers when it asks for a phone number.
//!
//! Codes, prefixes and patterns come from the numbering plans of the phone number library; the names are ours.

use std::sync::LazyLock;

use phonenumber::metadata::DATABASE;
use phonenumber::{Metadata, Mode, Type};

use crate::fingerprint::Fingerprint;

/// A country as `help.getCountriesList` shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Country {
    /// ISO 3166 alpha-2.
    pub iso2: &'static str,
    /// In English.
    pub name: &'static str,
    pub code: Code,
}

/// A calling code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Code {
    /// Digits, without `+`.
    pub code: String,
    /// Where several countries share the code: how this one's numbers begin. Empty: any other way.
    pub prefixes: Vec<String>,
    /// How numbers are written: an `X` per digit, code not included. Empty where that is not known.
    pub patterns: Vec<String>,
}

/// Where a client is taken to be when nothing tells.
pub const DEFAULT_COUNTRY: &str = "US";

/// All countries, sorted by name.
pub fn countries() -> &'static [Country] {
    &COUNTRIES
}

/// Changes whenever the list does, so that clients can keep theirs.
pub fn hash() -> i32 {
    *HASH
}

static COUNTRIES: LazyLock<Vec<Country>> = LazyLock::new(|| {
    let mut countries: Vec<Country> = NAMES.iter().filter_map(|(iso2, name)| country(iso2, name)).collect();
    countries.sort_by_key(|country| country.name);
    countries
});

static HASH: LazyLock<i32> = LazyLock::new(|| {
    let mut print = Fingerprint::default();
    for Country { iso2, name, code } in COUNTRIES.iter() {
        let lists = code.prefixes.iter().chain(&code.patterns).map(String::as_str);
        for part in [iso2, *name, &code.code].into_iter().chain(lists) {
            print.add(part);
        }
    }
    print.hash()
});

fn country(iso2: &'static str, name: &'static str) -> Option<Country> {
    let plan = DATABASE.by_id(iso2)?;
    let code = plan.country_code();
    let is_main = DATABASE.region(&code).is_none_or(|regions| regions.first() == Some(&iso2));
    let prefixes = if is_main { Vec::new() } else { prefixes(plan) };
    Some(Country { iso2, name, code: Code { code: code.to_string(), prefixes, patterns: pattern(plan) } })
}

/// The longest beginning that tells countries with one code apart.
const PREFIX_DIGITS: usize = 4;

/// The beginnings that the plan's expression accepts, none of them a beginning of another.
fn prefixes(plan: &Metadata) -> Vec<String> {
    let Some(expression) = plan.leading_digits() else { return Vec::new() };
    let matches = |digits: &str| expression.find(digits).is_some_and(|found| found.start() == 0);
    let mut found = Vec::new();
    let mut open = vec![String::new()];
    for _ in 0..PREFIX_DIGITS {
        let longer =
            |begin: &String| ('0'..='9').map(move |digit| format!("{begin}{digit}")).collect::<Vec<_>>();
        let (hits, rest): (Vec<_>, Vec<_>) = open.iter().flat_map(longer).partition(|digits| matches(digits));
        found.extend(hits);
        open = rest;
    }
    found
}

/// How the plan's example of a mobile number is written.
fn pattern(plan: &Metadata) -> Vec<String> {
    let code = format!("+{}", plan.country_code());
    let example = plan.descriptors().get(Type::Mobile).and_then(|mobile| mobile.example());
    let number = example.and_then(|digits| phonenumber::parse(None, format!("{code}{digits}")).ok());
    let written = number.map(|number| number.format().mode(Mode::International).to_string());
    let national = written.as_deref().and_then(|written| written.strip_prefix(&code));
    let mask = |c: char| if c.is_ascii_digit() { 'X' } else { ' ' };
    national.map(|digits| digits.trim().chars().map(mask).collect()).into_iter().collect()
}

/// English names. Ours, because the library has codes only.
const NAMES: &[(&str, &str)] = &[
    ("AC", "Ascension Island"),
    ("AD", "Andorra"),
    ("AE", "United Arab Emirates"),
    ("AF", "Afghanistan"),
    ("AG", "Antigua and Barbuda"),
    ("AI", "Anguilla"),
    ("AL", "Albania"),
    ("AM", "Armenia"),
    ("AO", "Angola"),
    ("AR", "Argentina"),
    ("AS", "American Samoa"),
    ("AT", "Austria"),
    ("AU", "Australia"),
    ("AW", "Aruba"),
    ("AX", "Åland Islands"),
    ("AZ", "Azerbaijan"),
    ("BA", "Bosnia and Herzegovina"),
    ("BB", "Barbados"),
    ("BD", "Bangladesh"),
    ("BE", "Belgium"),
    ("BF", "Burkina Faso"),
    ("BG", "Bulgaria"),
    ("BH", "Bahrain"),
    ("BI", "Burundi"),
    ("BJ", "Benin"),
    ("BL", "Saint Barthélemy"),
    ("BM", "Bermuda"),
    ("BN", "Brunei"),
    ("BO", "Bolivia"),
    ("BQ", "Caribbean Netherlands"),
    ("BR", "Brazil"),
    ("BS", "Bahamas"),
    ("BT", "Bhutan"),
    ("BW", "Botswana"),
    ("BY", "Belarus"),
    ("BZ", "Belize"),
    ("CA", "Canada"),
    ("CC", "Cocos (Keeling) Islands"),
    ("CD", "Democratic Republic of the Congo"),
    ("CF", "Central African Republic"),
    ("CG", "Republic of the Congo"),
    ("CH", "Switzerland"),
    ("CI", "Côte d'Ivoire"),
    ("CK", "Cook Islands"),
    ("CL", "Chile"),
    ("CM", "Cameroon"),
    ("CN", "China"),
    ("CO", "Colombia"),
    ("CR", "Costa Rica"),
    ("CU", "Cuba"),
    ("CV", "Cape Verde"),
    ("CW", "Curaçao"),
    ("CX", "Christmas Island"),
    ("CY", "Cyprus"),
    ("CZ", "Czechia"),
    ("DE", "Germany"),
    ("DJ", "Djibouti"),
    ("DK", "Denmark"),
    ("DM", "Dominica"),
    ("DO", "Dominican Republic"),
    ("DZ", "Algeria"),
    ("EC", "Ecuador"),
    ("EE", "Estonia"),
    ("EG", "Egypt"),
    ("EH", "Western Sahara"),
    ("ER", "Eritrea"),
    ("ES", "Spain"),
    ("ET", "Ethiopia"),
    ("FI", "Finland"),
    ("FJ", "Fiji"),
    ("FK", "Falkland Islands"),
    ("FM", "Micronesia"),
    ("FO", "Faroe Islands"),
    ("FR", "France"),
    ("GA", "Gabon"),
    ("GB", "United Kingdom"),
    ("GD", "Grenada"),
    ("GE", "Georgia"),
    ("GF", "French Guiana"),
    ("GG", "Guernsey"),
    ("GH", "Ghana"),
    ("GI", "Gibraltar"),
    ("GL", "Greenland"),
    ("GM", "Gambia"),
    ("GN", "Guinea"),
    ("GP", "Guadeloupe"),
    ("GQ", "Equatorial Guinea"),
    ("GR", "Greece"),
    ("GT", "Guatemala"),
    ("GU", "Guam"),
    ("GW", "Guinea-Bissau"),
    ("GY", "Guyana"),
    ("HK", "Hong Kong"),
    ("HN", "Honduras"),
    ("HR", "Croatia"),
    ("HT", "Haiti"),
    ("HU", "Hungary"),
    ("ID", "Indonesia"),
    ("IE", "Ireland"),
    ("IL", "Israel"),
    ("IM", "Isle of Man"),
    ("IN", "India"),
    ("IO", "British Indian Ocean Territory"),
    ("IQ", "Iraq"),
    ("IR", "Iran"),
    ("IS", "Iceland"),
    ("IT", "Italy"),
    ("JE", "Jersey"),
    ("JM", "Jamaica"),
    ("JO", "Jordan"),
    ("JP", "Japan"),
    ("KE", "Kenya"),
    ("KG", "Kyrgyzstan"),
    ("KH", "Cambodia"),
    ("KI", "Kiribati"),
    ("KM", "Comoros"),
    ("KN", "Saint Kitts and Nevis"),
    ("KP", "North Korea"),
    ("KR", "South Korea"),
    ("KW", "Kuwait"),
    ("KY", "Cayman Islands"),
    ("KZ", "Kazakhstan"),
    ("LA", "Laos"),
    ("LB", "Lebanon"),
    ("LC", "Saint Lucia"),
    ("LI", "Liechtenstein"),
    ("LK", "Sri Lanka"),
    ("LR", "Liberia"),
    ("LS", "Lesotho"),
    ("LT", "Lithuania"),
    ("LU", "Luxembourg"),
    ("LV", "Latvia"),
    ("LY", "Libya"),
    ("MA", "Morocco"),
    ("MC", "Monaco"),
    ("MD", "Moldova"),
    ("ME", "Montenegro"),
    ("MF", "Saint Martin"),
    ("MG", "Madagascar"),
    ("MH", "Marshall Islands"),
    ("MK", "North Macedonia"),
    ("ML", "Mali"),
    ("MM", "Myanmar"),
    ("MN", "Mongolia"),
    ("MO", "Macao"),
    ("MP", "Northern Mariana Islands"),
    ("MQ", "Martinique"),
    ("MR", "Mauritania"),
    ("MS", "Montserrat"),
    ("MT", "Malta"),
    ("MU", "Mauritius"),
    ("MV", "Maldives"),
    ("MW", "Malawi"),
    ("MX", "Mexico"),
    ("MY", "Malaysia"),
    ("MZ", "Mozambique"),
    ("NA", "Namibia"),
    ("NC", "New Caledonia"),
    ("NE", "Niger"),
    ("NF", "Norfolk Island"),
    ("NG", "Nigeria"),
    ("NI", "Nicaragua"),
    ("NL", "Netherlands"),
    ("NO", "Norway"),
    ("NP", "Nepal"),
    ("NR", "Nauru"),
    ("NU", "Niue"),
    ("NZ", "New Zealand"),
    ("OM", "Oman"),
    ("PA", "Panama"),
    ("PE", "Peru"),
    ("PF", "French Polynesia"),
    ("PG", "Papua New Guinea"),
    ("PH", "Philippines"),
    ("PK", "Pakistan"),
    ("PL", "Poland"),
    ("PM", "Saint Pierre and Miquelon"),
    ("PR", "Puerto Rico"),
    ("PS", "Palestine"),
    ("PT", "Portugal"),
    ("PW", "Palau"),
    ("PY", "Paraguay"),
    ("QA", "Qatar"),
    ("RE", "Réunion"),
    ("RO", "Romania"),
    ("RS", "Serbia"),
    ("RU", "Russia"),
    ("RW", "Rwanda"),
    ("SA", "Saudi Arabia"),
    ("SB", "Solomon Islands"),
    ("SC", "Seychelles"),
    ("SD", "Sudan"),
    ("SE", "Sweden"),
    ("SG", "Singapore"),
    ("SH", "Saint Helena"),
    ("SI", "Slovenia"),
    ("SJ", "Svalbard and Jan Mayen"),
    ("SK", "Slovakia"),
    ("SL", "Sierra Leone"),
    ("SM", "San Marino"),
    ("SN", "Senegal"),
    ("SO", "Somalia"),
    ("SR", "Suriname"),
    ("SS", "South Sudan"),
    ("ST", "São Tomé and Príncipe"),
    ("SV", "El Salvador"),
    ("SX", "Sint Maarten"),
    ("SY", "Syria"),
    ("SZ", "Eswatini"),
    ("TA", "Tristan da Cunha"),
    ("TC", "Turks and Caicos Islands"),
    ("TD", "Chad"),
    ("TG", "Togo"),
    ("TH", "Thailand"),
    ("TJ", "Tajikistan"),
    ("TK", "Tokelau"),
    ("TL", "Timor-Leste"),
    ("TM", "Turkmenistan"),
    ("TN", "Tunisia"),
    ("TO", "Tonga"),
    ("TR", "Turkey"),
    ("TT", "Trinidad and Tobago"),
    ("TV", "Tuvalu"),
    ("TW", "Taiwan"),
    ("TZ", "Tanzania"),
    ("UA", "Ukraine"),
    ("UG", "Uganda"),
    ("US", "United States"),
    ("UY", "Uruguay"),
    ("UZ", "Uzbekistan"),
    ("VA", "Vatican City"),
    ("VC", "Saint Vincent and the Grenadines"),
    ("VE", "Venezuela"),
    ("VG", "British Virgin Islands"),
    ("VI", "U.S. Virgin Islands"),
    ("VN", "Vietnam"),
    ("VU", "Vanuatu"),
    ("WF", "Wallis and Futuna"),
    ("WS", "Samoa"),
    ("XK", "Kosovo"),
    ("YE", "Yemen"),
    ("YT", "Mayotte"),
    ("ZA", "South Africa"),
    ("ZM", "Zambia"),
    ("ZW", "Zimbabwe"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::phone::Phone;

    fn check(iso2: &str, code: &str, prefixes: &[&str], pattern: &str) {
        let country = countries().iter().find(|country| country.iso2 == iso2).unwrap();
        assert_eq!(country.code.code, code, "{iso2}");
        assert_eq!(country.code.prefixes, prefixes, "{iso2}");
        assert_eq!(country.code.patterns, [pattern], "{iso2}");
    }

    #[test]
    fn codes_prefixes_and_patterns() {
        check("US", "1", &[], "XXX XXX XXXX");
        check("DE", "49", &[], "XXXX XXXXXXX");
        check("GB", "44", &[], "XXXX XXXXXX");
        check("KZ", "7", &["7"], "XXX XXX XXXX");
        check("BS", "1", &["242"], "XXX XXX XXXX");
        check("DO", "1", &["809", "829", "849", "8001"], "XXX XXX XXXX");
    }

    #[test]
    fn every_plan_has_a_name() {
        let named: std::collections::BTreeSet<_> = countries().iter().map(|country| country.iso2).collect();
        let nameless: Vec<_> =
            DATABASE.iter().map(Metadata::id).filter(|id| *id != "001" && !named.contains(id)).collect();
        assert!(nameless.is_empty(), "{nameless:?}");
        assert_eq!(named.len(), NAMES.len(), "named twice, or without a plan");
    }

    #[test]
    fn the_default_country_is_listed() {
        assert!(countries().iter().any(|country| country.iso2 == DEFAULT_COUNTRY));
        assert_ne!(hash(), 0);
        assert_eq!(Phone::parse("+1 242 359 1234").unwrap().region().as_deref(), Some("BS"));
    }
}
