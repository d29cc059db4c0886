# Palabras de: packets.
packets-title = Paquetes
packets-text = Documentos que salen juntos: los papeles para una primera visita, por ejemplo. Cada cliente recibe sus propias copias, completadas con los datos de su expediente.
packets-new = Nuevo paquete
packets-edit = Editar paquete
packets-all = Todos los paquetes
packets-manage = Administrar los paquetes
packets-packet = Paquete
packets-used = En uso
packets-retired = Retirado
packets-empty-title = Aún no hay paquetes
packets-empty = Junte plantillas una vez y envíelas a un cliente en un solo paso.
packets-none-used = Aún no hay ningún paquete para enviar.
packets-needs-templates = Un paquete se hace de plantillas publicadas. Escriba una primero.
packets-field-name-hint = Para su equipo. Los clientes leen los títulos de los documentos.
packets-items = Documentos
packets-items-hint = Los clientes los ven en este orden. Para mover uno, escriba su nuevo lugar: los demás le hacen sitio. Guarde para ver el nuevo orden y tener más líneas.
packets-field-place = Lugar del documento { $number }
packets-field-item = Documento { $number }
packets-field-task = Qué hace el cliente con el documento { $number }
packets-no-item = Nada
packets-item-retired = Una plantilla que ya no se usa
packets-item-not-used = Esta plantilla ya no se usa. Publíquela otra vez o elija otra.
packets-item-labelled = Una etiqueta de esta plantilla la deja fuera de los paquetes. Envíe un documento así por separado.
packets-task-read = Para leer
packets-task-sign = Para firmar
packets-field-days = Días para firmar
packets-field-in-order = Uno después del otro
packets-field-in-order-hint = El cliente puede abrir un documento cuando los anteriores están listos. Los paquetes que ya se enviaron quedan como están.
packets-in-order-said = Uno después del otro: el cliente puede abrir un documento cuando los anteriores están listos.
packets-days-wrong = Escriba un número de días de 1 a { $most }.
packets-days =
    { $days ->
        [one] Hay { $days } día para firmar.
       *[other] Hay { $days } días para firmar.
    }
packets-items-wrong = Elija de 1 a { $most } documentos, cada uno una vez.
packets-too-many = Hay demasiados paquetes. Cambie uno que ya no use.
packets-save = Guardar el paquete
packets-save-text = Lo que se envió antes queda como está. El próximo paquete es el que usted guarde.
done-packets-saved = El paquete está guardado.
packets-retire = Retirar este paquete
packets-retire-text = Nadie lo envía más. Lo que se envió queda. Usted puede volver a usarlo.
packets-retired-text = Este paquete está retirado. Nadie lo envía.
done-packets-retired-done = El paquete está retirado.
done-packets-restored-done = El paquete se usa otra vez.
packets-send = Enviar un paquete
packets-send-title = Enviar «{ $name }»
packets-send-text = Recibe un solo correo que dice que hay algo nuevo. No dice qué.
packets-to = Para quién
packets-field-of = Aparece en: { $names }.
packets-before = { $name } recibió este paquete el { $moment }. Si lo envía otra vez, se hacen copias nuevas.
packets-missing-text = El paquete lo necesita. No se envía nada hasta que esté todo.
packets-enclosed-missing = El paquete necesita esto, y aún no está registrado: { $names }. No se envió nada.
packets-no-grant = Esta persona ya no tiene acceso al expediente.
packets-not-used = La plantilla { $name } ya no se usa. No se envió nada.
packets-labelled = Una etiqueta deja la plantilla { $name } fuera de los paquetes. No se envió nada.
packets-gone = Este paquete ya no se usa.
done-packets-sent = El paquete está enviado.
packets-of-chart = Paquetes
packets-done-of = { $done } de { $all } listos
packets-sent-to = Para { $name }, enviado por { $by }
packets-others =
    { $count ->
        [one] y { $count } documento más
       *[other] y { $count } documentos más
    }
packets-state-sent = Enviado
packets-state-partly = Listo en parte
packets-state-done = Listo
packets-state-withdrawn = Retirado
packets-item-open-read = Sin abrir
packets-item-open-sign = Por firmar
packets-item-waits = Espera su turno
packets-item-done-read = Abierto
packets-item-done-sign = Firmado
packets-item-stopped = No se firmó
packets-item-gone = Retirado
packets-later = Más tarde
packets-waits-title = Antes va otro documento
packets-waits-text = Podrá abrir este cuando «{ $title }» esté listo.
packets-waits-link = Abrir «{ $title }»
packets-withdraw = Retirar el paquete
packets-withdraw-link = Retirar el paquete { $name }
packets-withdraw-title = ¿Retirar «{ $name }»?
packets-withdraw-text = El cliente ya no ve estos documentos, y las firmas pedidas se cancelan:
packets-withdraw-keep = Conservar el paquete
packets-withdraw-kept =
    { $count ->
        [one] { $count } documento firmado queda. Quien lo firmó lo conserva.
       *[other] { $count } documentos firmados quedan. Quien los firmó los conserva.
    }
done-packets-withdrawn = El paquete está retirado.
packets-many-title = Paquetes para varios clientes
packets-many-text = Un paquete para muchos expedientes. Usted ve qué pasó con cada uno.
packets-many-link = Enviar un paquete a varios clientes
packets-many-new = Enviar a varios clientes
packets-many-empty-title = Aún no se envió nada
packets-many-empty = Elija un paquete y escriba números de expediente. Cada cliente recibe sus propias copias.
packets-many-asks = Solo los paquetes cuyos textos no preguntan nada a quien los envía pueden ir a varios clientes. Envíe los otros desde el expediente del cliente.
packets-choose = Elija un paquete
packets-choose-missing = Elija un paquete.
packets-asks = Un texto de este paquete pregunta algo a quien lo envía. Envíelo desde el expediente del cliente.
packets-field-numbers = Números de expediente
packets-field-numbers-hint = Un número en cada línea.
packets-numbers-wrong = Escriba de 1 a { $most } números de expediente.
packets-number-strange = Esto no es un número de expediente: { $numbers }. Corríjalo o quítelo.
packets-numbers-strange = Estos no son números de expediente: { $numbers }. Corríjalos o quítelos.
packets-many-before = El paquete va al titular de cada expediente. Nadie recibe el mismo paquete dos veces.
packets-many-next = Después verá de quién son estos expedientes. Antes no se envía nada.
packets-many-go-on = Continuar
packets-many-check = ¿Enviar «{ $name }» a estos clientes?
packets-many-changed = Algo cambió desde que se hizo esta lista, así que no se envió nada. Revise la nueva lista.
packets-many-goes-to = Se envía a estos clientes
packets-many-to-nobody = No se envía a ninguno de estos expedientes.
packets-many-left-out = A estos no se les envía nada
packets-many-change = Volver y cambiar
packets-left-out-unknown = Ningún expediente tiene este número
packets-left-out-twice = Ya está en la lista
packets-left-out-closed = El expediente está cerrado
packets-left-out-not-yet = Aún sin acceso al portal
packets-left-out-declined = Se rechazó la invitación
packets-left-out-ended = Su acceso al portal ha terminado
packets-many-send =
    { $count ->
        [one] Enviar a { $count } expediente
       *[other] Enviar a { $count } expedientes
    }
done-packets-many-begun = El paquete está en camino.
packets-many-done = Terminado
packets-many-runs = En camino
packets-many-runs-text = Los paquetes salen uno por uno. Puede dejar esta página.
packets-many-sent = { $sent } de { $all } enviados
packets-many-results = Qué pasó con cada expediente
packets-col-begun = Comenzado
packets-col-number = Expediente
packets-col-client = Cliente
packets-col-born = Nacimiento
packets-col-why = Por qué
packets-col-result = Resultado
packets-lacks = No está registrado: { $names }
packets-result-waits = Espera
packets-result-sent = Enviado
packets-result-unknown = Ningún expediente tiene este número
packets-result-closed = El expediente está cerrado
packets-result-no-grant = Aún sin acceso al portal: a { $name } no se le envió nada
packets-result-declined = { $name } rechazó la invitación y no se le envió nada
packets-result-ended = El acceso al portal ha terminado: a { $name } no se le envió nada
packets-result-before = Ya lo tiene
packets-result-missing = Falta algo en los datos
packets-result-one-parent-alone = Los dos padres deben firmar
packets-result-not-sendable = El paquete no se puede enviar
