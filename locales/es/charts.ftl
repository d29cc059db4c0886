# Palabras de: charts.

charts-tab-face-sheet = Datos personales
charts-tab-appointments = Citas
charts-tab-documents = Documentos
charts-tab-billing = Facturación
charts-tab-communications = Comunicaciones
charts-tabs = Pestañas de este expediente
charts-age = { $years ->
    [0] menos de un año
    [one] 1 año
   *[other] { $years } años
}
charts-head-born = { $age } · { $date }
charts-head-no-birth-date = Sin fecha de nacimiento
charts-head-closed = Cerrado
charts-head-number = Expediente { $number }
charts-head-called = Le llaman { $name }

charts-label-chart_number = Número de expediente
charts-label-first_name = Nombre
charts-label-middle_name = Segundo nombre
charts-label-last_name = Apellido
charts-label-suffix = Sufijo
charts-label-former_last_names = Apellidos anteriores
charts-label-preferred_name = Nombre preferido
charts-label-pronouns = Pronombres
charts-label-birth = Fecha de nacimiento
charts-label-language = Idioma
charts-label-time_zone = Zona horaria
charts-label-email = Correo electrónico
charts-label-phone = Teléfono
charts-label-relation = Relación
charts-label-contacts = Contactos relacionados

charts-wrong-name-missing = Escriba un nombre o un apellido
charts-wrong-too-long = { $field }: { $most } caracteres como máximo
charts-wrong-unprintable = { $field }: contiene un carácter que no se puede mostrar; escríbalo en lugar de pegarlo
charts-wrong-birth-incomplete = Fecha de nacimiento: escriba mes, día y año
charts-wrong-birth-malformed = Fecha de nacimiento: use números, y cuatro cifras para el año
charts-wrong-birth-no-such-day = Fecha de nacimiento: ese día no existe
charts-wrong-birth-future = Fecha de nacimiento: ese día está en el futuro
charts-wrong-birth-too-old = Fecha de nacimiento: el año es anterior a 1900
charts-wrong-email = Escriba un correo electrónico como nombre@example.org
charts-wrong-email-too-long = Un correo electrónico tiene 254 caracteres como máximo
charts-wrong-phone = Escriba un número de teléfono de 5 a 20 cifras
charts-wrong-twice = Este ya está en la lista
charts-wrong-language = Elija un idioma de la lista
charts-wrong-time-zone = Elija una zona horaria de la lista
charts-wrong-number-taken = Otro expediente tiene este número
charts-wrong-number-missing = Escriba el número de expediente
charts-wrong-too-many = { $field }: { $most } como máximo
charts-wrong-relation-missing = Indique qué relación tiene esta persona con el cliente
charts-wrong-is-owner = No se puede quitar a un contacto que es titular del expediente. Cambie primero la titularidad, en Comunicaciones.
charts-wrong-has-access = No se puede quitar a un contacto con acceso al portal de este expediente. Revoque primero el acceso, en Comunicaciones.
