//! A practice that is connected with the local payment provider, and a client on the way to pay there.

use anteroom::features::billing::online::{self, Wish};
use anteroom::kernel::ids::{AccessId, ChartId, PaymentId};
use anteroom::kernel::secrets::Secret;
use anteroom::platform::pay::Mode;
use anteroom::platform::pay::local::{Delivery, HOOK_SECRET, KEY};
use anteroom::platform::permissions::Role;

use super::World;

fn secret(text: &str) -> Secret {
    Secret::new(text.to_owned())
}

/// Riverbend has an account at the provider, which keeps its news until a story sends it.
pub async fn connect(w: &World) {
    let (app, by) = (w.app.clone(), w.riverbend.by(Role::Administrator));
    let (key, hook) = (secret(KEY), secret(HOOK_SECRET));
    let write = move |c: &mut anteroom::platform::db::Scoped<'_>| {
        online::connect_with(&app, c, &by, Mode::Test, &key, &hook, None)
    };
    w.app.db.write(&w.riverbend.scope, write).await.expect("the provider is set up");
    w.provider.tell(format!("http://{}/hooks/stripe/{}", w.address, w.riverbend.scope.id()), Delivery::Held);
}

/// A checkout of all that is due, with its page at the provider.
pub async fn begin(w: &World, chart: ChartId, access: AccessId) -> PaymentId {
    let (app, by) = (w.app.clone(), w.riverbend.by(Role::Administrator));
    let start = move |c: &mut anteroom::platform::db::Scoped<'_>| {
        online::start(&app, c, &by, (chart, access, None), &Wish::All)
    };
    let begun = w.app.db.write(&w.riverbend.scope, start).await.expect("no fault").expect("something is due");
    online::run_due(&w.app).await.expect("the page is made");
    begun
}
