//! Documents for the stories: texts that are shared at once, and PDFs.

use anteroom::features::access::GrantRole;
use anteroom::features::documents::signing::actions::{self as signing, Candidate, NewSigner, NewSigning};
use anteroom::features::documents::{
    self, DocumentKind, NewContent, NewDocument, NewShare, Recipient, Telling,
};
use anteroom::kernel::ids::{AccessId, ChartId, DocumentId};
use anteroom::platform::db::schema::{portal_access, signer, signing as signing_request};
use anteroom::platform::permissions::Role;
use diesel::prelude::*;

use super::world::World;

/// A text that every grant of the chart sees; where there is none, its owner will.
pub async fn shared_text(w: &World, chart: &ChartId, title: &str, body: &str) -> DocumentId {
    let id = draft(w, chart, title, body).await;
    let chart = *chart;
    let grants: Vec<AccessId> = w
        .look(move |c| {
            portal_access::table
                .filter(portal_access::chart_id.eq(chart))
                .filter(portal_access::role.ne(GrantRole::FormerOwner))
                .select(portal_access::access_id)
                .load(c)
        })
        .await;
    let with = match grants.as_slice() {
        [] => vec![Recipient::Owner],
        grants => grants.iter().copied().map(Recipient::Grant).collect(),
    };
    share(w, &id, with, Telling::Silent).await;
    id
}

/// A text that nobody sees yet.
pub async fn draft(w: &World, chart: &ChartId, title: &str, body: &str) -> DocumentId {
    let new = NewDocument {
        chart: *chart,
        title: title.to_owned(),
        kind: DocumentKind::Notice,
        label: None,
        content: NewContent::Text(body.to_owned()),
        written_at: None,
    };
    let by = w.riverbend.by(Role::Clinician);
    let made = w.app.db.write(&w.riverbend.scope, move |c| documents::create(c, &by, &new)).await;
    made.expect("no fault").expect("a draft")
}

/// Shares a document.
pub async fn share(w: &World, id: &DocumentId, with: Vec<Recipient>, telling: Telling) {
    let (by, id) = (w.riverbend.by(Role::Clinician), *id);
    let share = NewShare { with, telling, since: None };
    let shared = w.app.db.write(&w.riverbend.scope, move |c| documents::share(c, &by, &id, &share)).await;
    shared.expect("no fault").expect("it can be shared");
}

/// Asks these people to sign a document, in any order.
pub async fn ask_to_sign(w: &World, id: &DocumentId, who: Vec<Candidate>) {
    let signers = who.into_iter().map(|who| NewSigner { who, position: 1 }).collect();
    let (by, id, new) = (w.riverbend.by(Role::Clinician), *id, NewSigning { signers, days: 30 });
    let asked = w.app.db.write(&w.riverbend.scope, move |c| signing::ask(c, &by, &id, &new)).await;
    asked.expect("no fault").expect("they can be asked");
}

/// Asks the chart's owner and the clinician to sign a document, and signs for the owner as a row: the steps to a
/// client's signature have stories of their own. The clinician's signature is the last one then.
pub async fn ask_to_countersign(w: &World, id: &DocumentId) {
    let clinician = Candidate::Staff(w.riverbend.member(Role::Clinician).staff_id);
    ask_to_sign(w, id, vec![Candidate::Grant(Recipient::Owner), clinician]).await;
    let (id, now) = (*id, w.now());
    w.tamper(move |c| {
        let asked = signing_request::table
            .filter(signing_request::document_id.eq(id))
            .select(signing_request::signing_id);
        diesel::update(
            signer::table.filter(signer::signing_id.eq_any(asked)).filter(signer::staff_id.is_null()),
        )
        .set((
            signer::state.eq("signed"),
            signer::settled_at.eq(Some(now)),
            signer::mark_kind.eq(Some("typed")),
            signer::mark.eq(Some("Somebody")),
        ))
        .execute(c)
    })
    .await;
}

/// An authorization that the chart's owner has signed.
pub async fn signed_authorization(w: &World, chart: &ChartId) -> DocumentId {
    let new = NewDocument {
        chart: *chart,
        title: "Release of lanterns".to_owned(),
        kind: DocumentKind::Authorization,
        label: None,
        content: NewContent::Text("Dates of visits may be disclosed.".to_owned()),
        written_at: None,
    };
    let by = w.riverbend.by(Role::Clinician);
    let made = w.app.db.write(&w.riverbend.scope, move |c| documents::create(c, &by, &new)).await;
    let id = made.expect("no fault").expect("a draft");
    ask_to_sign(w, &id, vec![Candidate::Grant(Recipient::Owner)]).await;
    // Signed as a row: the steps to a signature have stories of their own.
    w.tamper(move |c| {
        diesel::update(
            signer::table.filter(
                signer::signing_id.eq_any(
                    signing_request::table
                        .filter(signing_request::document_id.eq(id))
                        .select(signing_request::signing_id),
                ),
            ),
        )
        .set(signer::state.eq("signed"))
        .execute(c)?;
        diesel::update(signing_request::table.filter(signing_request::document_id.eq(id)))
            .set(signing_request::state.eq("completed"))
            .execute(c)
    })
    .await;
    id
}

/// Takes a document back.
pub async fn withdraw(w: &World, id: &DocumentId) {
    let (by, id) = (w.riverbend.by(Role::Clinician), *id);
    let done =
        w.app.db.write(&w.riverbend.scope, move |c| documents::withdraw(c, &by, &id, "outdated")).await;
    done.expect("no fault").expect("it can be withdrawn");
}

/// A small PDF with one page that shows these words, as a program writes it.
pub fn pdf(words: &str) -> Vec<u8> {
    pdf_of(words, 0)
}

/// The same with so many bytes in it that no reader shows.
pub fn pdf_of(words: &str, padding: usize) -> Vec<u8> {
    written(&[words], padding)
}

/// A PDF with a page for each of these.
pub fn pdf_with_pages(pages: &[&str]) -> Vec<u8> {
    written(pages, 0)
}

fn written(pages: &[&str], padding: usize) -> Vec<u8> {
    let padding = "x".repeat(padding);
    let kids: String = (0..pages.len()).map(|page| format!("{} 0 R ", 5 + 2 * page)).collect();
    let mut objects = vec![
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        format!("<< /Type /Pages /Kids [{kids}] /Count {} >>", pages.len()),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>".to_owned(),
        format!("<< /Length {} >>\nstream\n{padding}\nendstream", padding.len()),
    ];
    for (at, words) in pages.iter().enumerate() {
        let text = format!("BT /F1 24 Tf 72 720 Td ({words}) Tj ET");
        objects.push(format!(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents {} 0 R \
             /Resources << /Font << /F1 3 0 R >> >> >>",
            6 + 2 * at
        ));
        objects.push(format!("<< /Length {} >>\nstream\n{text}\nendstream", text.len()));
    }
    let mut file = String::from("%PDF-1.4\n");
    let mut places = Vec::new();
    for (number, object) in (1..).zip(&objects) {
        places.push(file.len());
        file.push_str(&format!("{number} 0 obj\n{object}\nendobj\n"));
    }
    let table = file.len();
    file.push_str(&format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1));
    for place in places {
        file.push_str(&format!("{place:010} 00000 n \n"));
    }
    file.push_str(&format!(
        "trailer\n<< /Size {} /Root 1 0 R >>\nstartxref\n{table}\n%%EOF\n",
        objects.len() + 1
    ));
    file.into_bytes()
}
