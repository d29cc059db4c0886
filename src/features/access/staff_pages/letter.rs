//! The printed invitation: a page for the printer, in the reader's language, shown once.

use askama::Template;
use fast_qr::convert::Builder;
use fast_qr::convert::svg::SvgBuilder;
use fast_qr::qr::QRBuilder;

use crate::features::access::actions::Sent;
use crate::features::access::mails;
use crate::features::people::CHARTS;
use crate::features::people::ChartFile;
use crate::features::staff::StaffSession;
use crate::kernel::secrets::{ShortCode, Token};
use crate::platform::fault::Fault;
use crate::platform::i18n::{Language, Words};
use crate::platform::state::AppState;
use crate::platform::web::frame::{Contact, StaffFrame};
use crate::platform::web::{PageResult, html};

#[derive(Template)]
#[template(path = "features/access/templates/letter.html")]
struct LetterPage {
    frame: StaffFrame,
    /// The words of the letter itself: its reader's, not the staff member's.
    letter: Words,
    language: &'static str,
    back: String,
    practice: String,
    contact: Contact,
    date: String,
    greeting: String,
    for_client: bool,
    qr: String,
    code: String,
    typed_address: String,
    until: String,
}

/// Renders the letter. The answer to a POST on purpose: nothing that holds the link has an address
/// of its own, and a reload asks before it would make another letter.
pub async fn print(
    app: &AppState,
    staff: &StaffSession,
    file: &ChartFile,
    sent: &Sent,
    token: &Token,
    code: &ShortCode,
) -> PageResult {
    let practice = &staff.practice;
    let (owner, _) = file.owner();
    let language =
        if owner.language.is_empty() { practice.language() } else { Language::read(&owner.language) };
    let words = Words::of(language);
    let zone = mails::zone_of(owner, practice);
    let link = mails::link(app, practice, token);
    let typed = app.absolute(&format!("/{}/letter", practice.slug));
    let page = LetterPage {
        frame: staff.frame(app, CHARTS),
        letter: words,
        language: language.word(),
        back: super::chart_access::path(&sent.chart),
        practice: practice.name.clone(),
        contact: practice.contact(),
        date: words.date(app.now(), &zone),
        greeting: words.with1("access-letter-greeting", "name", owner.called()),
        for_client: owner.person_id == file.client.person_id,
        qr: qr_svg(&link)?,
        code: code.grouped(),
        // Without "https://": what people type.
        typed_address: typed.split_once("://").map_or(typed.as_str(), |(_, rest)| rest).to_owned(),
        until: words.date_time_zone(sent.expires_at, &zone),
    };
    html(page.render())
}

/// The link as a QR code. Only modules and a viewBox: no script, no style, nothing from the outside.
fn qr_svg(link: &str) -> Result<String, Fault> {
    let code = QRBuilder::new(link).build().map_err(|e| Fault::other(format!("a QR code: {e}")))?;
    Ok(SvgBuilder::default().margin(2).to_str(&code))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_of_a_letter_is_plain_svg() {
        let svg = qr_svg("https://portal.example.org/riverbend/i/abc").unwrap();
        assert!(svg.starts_with("<svg"), "{}", &svg[..60.min(svg.len())]);
        assert!(!svg.contains("<script") && !svg.contains("style="), "{svg}");
    }
}
