# Lo que se dice de un archivo de expedientes, con el comando y en el navegador
import-at-line = línea { $line }: { $reason }
import-at-cell = línea { $line }, columna { $column }: { $reason }
import-utf-16 = El archivo está codificado en UTF-16. Guárdelo como «CSV UTF-8» y vuelva a intentarlo.
import-spreadsheet = El archivo es una hoja de cálculo o un archivo comprimido, no CSV. Guárdelo como «CSV UTF-8» y vuelva a intentarlo.
import-zero-bytes = El archivo contiene bytes nulos: está codificado en UTF-16 o no es texto. Guárdelo como «CSV UTF-8» y vuelva a intentarlo.
import-not-utf-8 = Esta línea no es UTF-8; es probable que el archivo esté codificado en Latin-1 o Windows-1252. Guárdelo como «CSV UTF-8» y vuelva a intentarlo.
import-too-large = El archivo ocupa más de 256 MB. Divídalo en varios.
import-empty = El archivo está vacío. Su primera línea nombra las columnas.
import-quote-open = En esta línea se abre una comilla que no se cierra.
import-quote-inside = Hay una comilla en medio de una celda. Ponga toda la celda entre comillas y duplique las de dentro.
import-quote-behind = Hay texto después de una comilla de cierre. Duplique las comillas dentro de una celda.
import-column-twice = Esta columna está dos veces en el encabezado.
import-column-missing = Esta columna falta en el encabezado.
import-column-name-twice = El nombre ya está en last_and_first_name. Quite una de las dos columnas.
import-column-nameless = La columna { $number } no tiene nombre y contiene algo.
import-column-meant = No existe esa columna. ¿Quiso decir { $column }?
import-columns-many = El archivo tiene más de { $most } columnas. Exporte solo lo que se pide aquí.
import-column-long = El nombre de una columna tiene más de { $most } caracteres. ¿Es la primera línea el encabezado?
import-column-unknown = No existe esa columna. Quítela o consulte la lista de columnas.
import-row-length = Esta fila tiene { $cells } celdas; el encabezado tiene { $columns } columnas.
import-stopped = La revisión se detuvo aquí: ya hay { $places } lugares con errores.
import-yes-or-no = Escriba yes o no.
import-name-without-comma = Escriba el apellido, una coma y el nombre.
import-date-form = Escriba la fecha como AAAA-MM-DD o MM/DD/AAAA, el año con cuatro cifras.
import-date-form-day-first = Escriba la fecha como AAAA-MM-DD o DD/MM/AAAA, el año con cuatro cifras.
import-date-short-year = El año tiene dos cifras. Escriba las cuatro, por ejemplo 1990.
import-date-day-first = No existe el mes { $month }. Aquí las fechas con barras se leen con el mes primero (MM/DD/AAAA). Si en este archivo el día va primero, indíquelo al elegir cuál columna es cuál (birth_date_day_first) o escriba todas las fechas como AAAA-MM-DD; si no, los días hasta el 12 se tomarían por meses.
import-date-month-first = No existe el mes { $month }. En esta columna las fechas con barras se leen con el día primero (DD/MM/AAAA). Si el mes va primero, elija el otro orden para esta columna o escriba todas las fechas como AAAA-MM-DD.
import-date-no-such-month = Ese mes no existe.
import-date-no-such-day = Ese día no existe.
import-date-future = Ese día está en el futuro.
import-date-too-old = El año es anterior a 1900.
import-number-missing = Falta el número de expediente.
import-number-twice = La línea { $line } ya tiene este número de expediente.
import-number-twice-otherwise = La línea { $line } ya tiene este número de expediente, escrito { $number }; las mayúsculas no cuentan.
import-language = Escriba en o es, o deje la celda vacía.
import-time-zone = Escriba un nombre IANA como America/New_York, o deje la celda vacía.
import-lost-letter = El signo � está en lugar de una letra que se perdió al guardar el archivo. Expórtelo de nuevo como «CSV UTF-8».
import-odd-decoded-twice = { $cell } era probablemente { $meant } antes de que el archivo se guardara con otra codificación. Se conserva como está.
import-odd-last-name = «{ $last }» no es un apellido. Se conserva, y a quien se registre se le preguntará { $first }.
import-odd-first-name = «{ $first }» no es un nombre. Se conserva; a quien se registre se le preguntará { $last }.
import-odd-no-name = «{ $first } { $last }» no es un nombre. Se conserva, y no se podrá invitar a nadie a este expediente hasta conocer el nombre.

# Las páginas
import-title = Importar expedientes
import-link = Importar
import-see-charts = Ver los expedientes más nuevos
import-done = La importación terminó: { $created }, { $updated }, { $unchanged }.
import-done-before = Este archivo ya está importado. No se escribió nada dos veces.
import-created = { $charts ->
    [one] 1 expediente nuevo
   *[other] { $charts } expedientes nuevos
}
import-updated = { $charts ->
    [one] 1 expediente cambiado
   *[other] { $charts } expedientes cambiados
}
import-unchanged = { $charts ->
    [one] 1 expediente sin cambios
   *[other] { $charts } expedientes sin cambios
}
import-rows = { $rows ->
    [one] 1 fila
   *[other] { $rows } filas
}
import-file = Archivo CSV
import-file-hint = Codificado en UTF-8, de { $megabytes } MB como máximo. Para archivos mayores, pregunte a quien opera Anteroom.
import-nothing-yet = Al subirlo no se guarda ningún expediente. Primero verá lo que ocurriría.
import-upload = Subir y revisar
import-checking = El archivo se está subiendo y revisando. Si es grande, tarda un minuto.
import-upload-missing = Elija un archivo CSV
import-upload-too-large = El archivo ocupa más de { $megabytes } MB. Divídalo o pida a quien opera Anteroom que lo importe.
import-columns-title = Columnas
import-columns-text = La primera línea nombra las columnas. Si las suyas tienen otros nombres, usted indica una vez cuál es cuál, y eso se conserva para el próximo archivo.
import-column-name = Nombre
import-column-holds = Contenido
import-map-title = ¿Cuál columna es cuál?
import-map-text = Estas son las columnas de { $file }. Su elección se conserva para el próximo archivo.
import-map-theirs = Columna en el archivo
import-map-example = Ejemplo
import-map-ours = Corresponde a
import-map-keep = Conservar y revisar el archivo
import-mapped-twice = { $header } corresponde a lo mismo que otra columna
import-map-number = Elija la columna con el número de expediente
import-map-name = Elija las columnas con el nombre y el apellido, o la que tiene ambos
import-map-name-twice = Elija el nombre y el apellido, o la única columna con ambos
import-leave-out = No importar
import-other-file = Elegir otro archivo
import-preview-title = Revisar la importación
import-preview-file = { $file }: { $rows }
import-bad = { $places ->
    [one] 1 lugar del archivo tiene un error
   *[other] { $places } lugares del archivo tienen errores
}
import-bad-text = No se puede guardar nada hasta corregirlos. Corrija el archivo y súbalo de nuevo.
import-odd-title = Conviene revisarlo
import-odd-text = Estos lugares no impiden la importación.
import-first-rows = Las primeras filas
import-all-rows = Las filas
import-outcome = Qué ocurre
import-outcome-created = Nuevo
import-outcome-updated = Cambia
import-outcome-unchanged = Sin cambios
import-apply = Importar estos expedientes
import-running = Los expedientes se están importando. Puede tardar unos minutos. Si se pierde la conexión, la importación continúa por sí sola.
import-under-way = Esta importación ya empezó: { $done } de { $rows } filas están escritas. El resto continúa por sí solo en menos de un minuto, o cuando pulse el botón de abajo.
import-nothing-to-do = Todos los expedientes ya están como en este archivo.
import-change-columns = Cambiar las columnas
import-label-chart_number = Número de expediente (necesario)
import-label-last_and_first_name = Apellido, coma, nombre, en una sola columna
import-label-former_last_names = Apellidos anteriores, separados por ; o |
import-label-birth_date = Fecha de nacimiento, AAAA-MM-DD o MM/DD/AAAA
import-label-birth_date_day_first = Fecha de nacimiento, el día primero: AAAA-MM-DD o DD/MM/AAAA
import-label-language = Idioma: en o es
import-label-time_zone = Zona horaria, por ejemplo America/New_York
import-label-email = Correo electrónico
import-label-email_2 = Segundo correo electrónico
import-label-email_3 = Tercer correo electrónico
import-label-email_may_be_used = ¿Puede el consultorio escribir a los correos? yes o no
import-label-phone_2 = Segundo teléfono
import-label-phone_3 = Tercer teléfono
import-label-phone_may_be_used = ¿Puede el consultorio usar los teléfonos? yes o no
import-label-contact_relation = Contacto: relación
import-label-contact_first_name = Contacto: nombre
import-label-contact_last_name = Contacto: apellido
import-label-contact_birth_date = Contacto: fecha de nacimiento
import-label-contact_birth_date_day_first = Contacto: fecha de nacimiento, el día primero
import-label-contact_email = Contacto: correo electrónico
import-label-contact_phone = Contacto: teléfono
