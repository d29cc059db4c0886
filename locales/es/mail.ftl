# Palabras de: correo.
mail-plain-link = Si el botón no funciona, copie esta dirección en su navegador:
# Qué pasó con un correo, en palabras sencillas. Se muestra al personal junto a su estado.
mail-reason-no-mailbox = Ese buzón no existe en ese proveedor.
mail-reason-no-domain = La parte después de la @ no existe o no recibe correo.
mail-reason-mailbox-full = El buzón está lleno.
mail-reason-mailbox-disabled = El buzón está desactivado.
mail-reason-refused = El servidor de destino rechazó el mensaje.
mail-reason-policy = El servidor de destino rechazó el mensaje por sus propias reglas (a menudo un filtro de correo no deseado).
mail-reason-content = El servidor de destino rechazó el mensaje por su contenido. La dirección no tiene la culpa.
mail-reason-sender-refused = El correo de este portal fue rechazado por su procedencia. La dirección no tiene la culpa; debe revisarlo quien administra el portal.
mail-reason-system = El sistema de correo de destino tiene una falla propia.
mail-reason-route = El lado de destino no encontró una ruta para el mensaje.
mail-reason-slow = El servidor de destino responde con lentitud. Seguimos intentándolo.
mail-reason-too-large = El mensaje es demasiado grande para el servidor de destino.
mail-reason-address-form = El servidor de correo no admite una dirección de esta forma.
mail-reason-try-later = El servidor de destino pidió que lo intentemos más tarde.
mail-reason-unreachable = No se pudo contactar con el servidor de correo. Seguimos intentándolo.
mail-reason-interrupted = La conexión se cortó durante la entrega del mensaje. Seguimos intentándolo.
mail-reason-gave-up = No se pudo entregar al servidor de correo en 48 horas.
mail-reason-link-over = El plazo del enlace venció antes de que el servidor de correo aceptara el mensaje.
mail-reason-delayed = El servidor de destino avisó de un retraso y sigue intentándolo.
mail-reason-expired-there = El servidor de destino desistió tras intentarlo durante varios días.
mail-reason-unreadable = El mensaje guardado no se pudo leer.
mail-reason-other = El servidor de destino no pudo entregarlo.
