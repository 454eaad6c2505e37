//! `help.getCountriesList`

use domain::countries::Country;
use domain::{Error, countries};
use rpc::Cx;
use tl_api::{enums, functions, types};

/// Countries with their calling codes. The names are English, whatever the language asked for.
///
/// Errors: none.
pub async fn handler(
    _cx: Cx,
    request: functions::help::GetCountriesList,
) -> Result<enums::help::CountriesList, Error> {
    let hash = countries::hash();
    if request.hash == hash {
        return Ok(enums::help::CountriesList::NotModified);
    }
    let countries = countries::countries().iter().map(country).collect();
    Ok(types::help::CountriesList { countries, hash }.into())
}

fn country(country: &Country) -> types::help::Country {
    let some = |list: &Vec<String>| (!list.is_empty()).then(|| list.clone());
    let code = types::help::CountryCode {
        country_code: country.code.code.clone(),
        prefixes: some(&country.code.prefixes),
        patterns: some(&country.code.patterns),
    };
    types::help::Country {
        iso2: country.iso2.to_owned(),
        default_name: country.name.to_owned(),
        country_codes: vec![code],
        ..Default::default()
    }
}
