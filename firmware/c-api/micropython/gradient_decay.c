/*
 * gradient-decay as a native module of MicroPython:
 *
 *   from array import array
 *   import gradient_decay
 *
 *   head = gradient_decay.Discriminant(3, 8)       # room for 3 classes of 8 features; MemoryError if there is not so much
 *   head.learn(array("f", features), class_index)
 *   head.unlearn(array("f", features), class_index)  # it was the wrong button
 *   class_index, probability, known = head.predict(array("f", features), 0.6)  # known: the probability is 0.6 or more
 *   saved = head.save()
 *   head.load(saved)
 *
 *   head = gradient_decay.Fixed(3, 8, 5)           # in integers: features q / 2**5, as array("b", ...)
 *   head.set(rate, ln_beta_start, ln_beta_end, steps)
 *   loss, class_index = head.learn(array("b", features), class_index)
 *   class_index, probability, known = head.predict(array("b", features), threshold)
 *
 * The numbers of `Fixed` are integers, as gradient_decay.h has them of a gd_fixed. What is wrong raises ValueError or TypeError, and changes
 * nothing. Discriminant is left out where the module is built without floats (ARCH=armv6m, armv7m, unless MICROPY_FLOAT_IMPL=float).
 */

#include "py/dynruntime.h"

#include "gradient_decay.h"

static void check(gd_status status)
{
    if (status != GD_OK) {
        mp_raise_ValueError((mp_rom_error_text_t)gd_message(status));
    }
}

static mp_obj_t answer(uint32_t class_index, mp_obj_t probability, bool known)
{
    mp_obj_t items[] = {mp_obj_new_int_from_uint(class_index), probability, known ? mp_const_true : mp_const_false};
    return mp_obj_new_tuple(3, items);
}

/* A number from 0 to 65535, or 0, which no shape has. */
static uint16_t shape(mp_obj_t object)
{
    mp_int_t number = mp_obj_get_int(object);
    return number > 0 && number <= UINT16_MAX ? (uint16_t)number : 0;
}

/* A class, or one that is never in use. */
static uint32_t class_of(mp_obj_t object)
{
    mp_int_t number = mp_obj_get_int(object);
    return number >= 0 && number <= UINT16_MAX ? (uint32_t)number : UINT32_MAX;
}

static mp_buffer_info_t bytes_of(mp_obj_t object)
{
    mp_buffer_info_t buffer;
    mp_get_buffer_raise(object, &buffer, MP_BUFFER_READ);
    return buffer;
}

/* The heads' types, whose methods are entered when the module is imported; not static, as what is no constant cannot be. */
mp_obj_full_type_t fixed_type;
mp_map_elem_t fixed_methods[5];
static MP_DEFINE_CONST_DICT(fixed_dict, fixed_methods);

typedef struct {
    mp_obj_base_t base;
    gd_fixed head;
    void *memory;
} fixed_object;

static mp_obj_t fixed_new(const mp_obj_type_t *type, size_t count, size_t keywords, const mp_obj_t *arguments)
{
    mp_arg_check_num(count, keywords, 2, 4, false);
    uint16_t classes = shape(arguments[0]), features = shape(arguments[1]);
    size_t size = gd_fixed_bytes(classes, features);
    fixed_object *self = mp_obj_malloc(fixed_object, type);
    self->memory = m_malloc(size > 0 ? size : 4);
    check(gd_fixed_init(&self->head, self->memory, size, classes, features, count > 2 ? (uint32_t)mp_obj_get_int(arguments[2]) : 5,
                        count > 3 ? (uint32_t)mp_obj_get_int(arguments[3]) : 1));
    return MP_OBJ_FROM_PTR(self);
}

static mp_buffer_info_t features_of_bytes(mp_obj_t object)
{
    mp_buffer_info_t features = bytes_of(object);
    if (features.typecode != 'b' && features.typecode != 'B' && features.typecode != BYTEARRAY_TYPECODE) {
        mp_raise_TypeError(MP_ERROR_TEXT("the features must be an array('b')"));
    }
    return features;
}

static mp_obj_t fixed_learn(mp_obj_t object, mp_obj_t features, mp_obj_t class_index)
{
    fixed_object *self = MP_OBJ_TO_PTR(object);
    mp_buffer_info_t x = features_of_bytes(features);
    gd_fixed_step step;
    check(gd_fixed_learn(&self->head, x.buf, x.len, class_of(class_index), &step));
    mp_obj_t items[] = {mp_obj_new_int(step.loss), mp_obj_new_int_from_uint(step.class_index)};
    return mp_obj_new_tuple(2, items);
}
static MP_DEFINE_CONST_FUN_OBJ_3(fixed_learn_object, fixed_learn);

static mp_obj_t fixed_predict(size_t count, const mp_obj_t *arguments)
{
    fixed_object *self = MP_OBJ_TO_PTR(arguments[0]);
    mp_buffer_info_t x = features_of_bytes(arguments[1]);
    gd_fixed_prediction prediction;
    int32_t threshold = count > 2 ? (int32_t)mp_obj_get_int(arguments[2]) : 0;
    check(gd_fixed_predict(&self->head, x.buf, x.len, NULL, 0, threshold, &prediction));
    return answer(prediction.class_index, mp_obj_new_int(prediction.probability), prediction.known);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(fixed_predict_object, 2, 3, fixed_predict);

static mp_obj_t fixed_set(size_t count, const mp_obj_t *arguments)
{
    fixed_object *self = MP_OBJ_TO_PTR(arguments[0]);
    gd_fixed before = self->head;
    (void)count;
    check(gd_fixed_set_rate(&self->head, (uint32_t)mp_obj_get_int(arguments[1])));
    gd_status status = gd_fixed_set_ln_beta(&self->head, (int32_t)mp_obj_get_int(arguments[2]), (int32_t)mp_obj_get_int(arguments[3]),
                                            (uint32_t)mp_obj_get_int(arguments[4]));
    if (status != GD_OK) {
        self->head = before;
    }
    check(status);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(fixed_set_object, 5, 5, fixed_set);

static mp_obj_t fixed_save(mp_obj_t object)
{
    fixed_object *self = MP_OBJ_TO_PTR(object);
    size_t size = GD_FIXED_CHECKPOINT_BYTES(self->head.room, self->head.features);
    uint8_t *bytes = m_malloc(size);
    check(gd_fixed_save(&self->head, bytes, size));
    return mp_obj_new_bytes(bytes, size);
}
static MP_DEFINE_CONST_FUN_OBJ_1(fixed_save_object, fixed_save);

static mp_obj_t fixed_load(mp_obj_t object, mp_obj_t bytes)
{
    fixed_object *self = MP_OBJ_TO_PTR(object);
    mp_buffer_info_t from = bytes_of(bytes);
    check(gd_fixed_load(&self->head, from.buf, from.len));
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_2(fixed_load_object, fixed_load);

#if MICROPY_FLOAT_IMPL != MICROPY_FLOAT_IMPL_NONE

mp_obj_full_type_t discriminant_type;
mp_map_elem_t discriminant_methods[5];
static MP_DEFINE_CONST_DICT(discriminant_dict, discriminant_methods);

typedef struct {
    mp_obj_base_t base;
    gd_discriminant head;
    /* One a class, for `predict`. */
    float *probabilities;
} discriminant_object;

static mp_obj_t discriminant_new(const mp_obj_type_t *type, size_t count, size_t keywords, const mp_obj_t *arguments)
{
    mp_arg_check_num(count, keywords, 2, 2, false);
    uint16_t classes = shape(arguments[0]), features = shape(arguments[1]);
    if (classes == 0 || features == 0) {
        check(GD_ERROR_LENGTH);
    }
    size_t numbers = GD_DISCRIMINANT_NUMBERS(classes, features), scratch = GD_DISCRIMINANT_SCRATCH(classes, features);
    discriminant_object *self = mp_obj_malloc(discriminant_object, type);
    self->probabilities = m_malloc(4 * (size_t)classes);
    check(gd_discriminant_init(&self->head, m_malloc(4 * numbers), numbers, m_malloc(4 * (size_t)classes), classes, m_malloc(4 * scratch),
                               scratch, classes, features));
    return MP_OBJ_FROM_PTR(self);
}

static mp_buffer_info_t features_of_floats(mp_obj_t object)
{
    mp_buffer_info_t features = bytes_of(object);
    if (features.typecode != 'f') {
        mp_raise_TypeError(MP_ERROR_TEXT("the features must be an array('f')"));
    }
    features.len /= 4;
    return features;
}

static mp_obj_t discriminant_learn(mp_obj_t object, mp_obj_t features, mp_obj_t class_index)
{
    discriminant_object *self = MP_OBJ_TO_PTR(object);
    mp_buffer_info_t x = features_of_floats(features);
    check(gd_discriminant_learn(&self->head, x.buf, x.len, class_of(class_index)));
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_3(discriminant_learn_object, discriminant_learn);

static mp_obj_t discriminant_unlearn(mp_obj_t object, mp_obj_t features, mp_obj_t class_index)
{
    discriminant_object *self = MP_OBJ_TO_PTR(object);
    mp_buffer_info_t x = features_of_floats(features);
    check(gd_discriminant_unlearn(&self->head, x.buf, x.len, class_of(class_index)));
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_3(discriminant_unlearn_object, discriminant_unlearn);

static mp_obj_t discriminant_predict(size_t count, const mp_obj_t *arguments)
{
    discriminant_object *self = MP_OBJ_TO_PTR(arguments[0]);
    mp_buffer_info_t x = features_of_floats(arguments[1]);
    gd_prediction prediction;
    float threshold = count > 2 ? mp_obj_get_float_to_f(arguments[2]) : 0.0f;
    check(gd_discriminant_predict(&self->head, x.buf, x.len, self->probabilities, self->head.room, threshold, &prediction));
    return answer(prediction.class_index, mp_obj_new_float_from_f(prediction.probability), prediction.known);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(discriminant_predict_object, 2, 3, discriminant_predict);

static mp_obj_t discriminant_save(mp_obj_t object)
{
    discriminant_object *self = MP_OBJ_TO_PTR(object);
    size_t size = GD_DISCRIMINANT_CHECKPOINT_BYTES(self->head.room, self->head.features);
    uint8_t *bytes = m_malloc(size);
    check(gd_discriminant_save(&self->head, bytes, size));
    return mp_obj_new_bytes(bytes, size);
}
static MP_DEFINE_CONST_FUN_OBJ_1(discriminant_save_object, discriminant_save);

static mp_obj_t discriminant_load(mp_obj_t object, mp_obj_t bytes)
{
    discriminant_object *self = MP_OBJ_TO_PTR(object);
    mp_buffer_info_t from = bytes_of(bytes);
    check(gd_discriminant_load(&self->head, from.buf, from.len));
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_2(discriminant_load_object, discriminant_load);

#endif

#define METHOD(name, object) (mp_map_elem_t){MP_OBJ_NEW_QSTR(name), MP_OBJ_FROM_PTR(&object)}

/* Called when the module is imported. */
mp_obj_t mpy_init(mp_obj_fun_bc_t *self, size_t n_args, size_t n_kw, mp_obj_t *args)
{
    MP_DYNRUNTIME_INIT_ENTRY

    fixed_type.base.type = (void *)&mp_type_type;
    fixed_type.name = MP_QSTR_Fixed;
    MP_OBJ_TYPE_SET_SLOT(&fixed_type, make_new, fixed_new, 0);
    fixed_methods[0] = METHOD(MP_QSTR_learn, fixed_learn_object);
    fixed_methods[1] = METHOD(MP_QSTR_predict, fixed_predict_object);
    fixed_methods[2] = METHOD(MP_QSTR_set, fixed_set_object);
    fixed_methods[3] = METHOD(MP_QSTR_save, fixed_save_object);
    fixed_methods[4] = METHOD(MP_QSTR_load, fixed_load_object);
    MP_OBJ_TYPE_SET_SLOT(&fixed_type, locals_dict, (void *)&fixed_dict, 1);
    mp_store_global(MP_QSTR_Fixed, MP_OBJ_FROM_PTR(&fixed_type));

#if MICROPY_FLOAT_IMPL != MICROPY_FLOAT_IMPL_NONE
    discriminant_type.base.type = (void *)&mp_type_type;
    discriminant_type.name = MP_QSTR_Discriminant;
    MP_OBJ_TYPE_SET_SLOT(&discriminant_type, make_new, discriminant_new, 0);
    discriminant_methods[0] = METHOD(MP_QSTR_learn, discriminant_learn_object);
    discriminant_methods[1] = METHOD(MP_QSTR_unlearn, discriminant_unlearn_object);
    discriminant_methods[2] = METHOD(MP_QSTR_predict, discriminant_predict_object);
    discriminant_methods[3] = METHOD(MP_QSTR_save, discriminant_save_object);
    discriminant_methods[4] = METHOD(MP_QSTR_load, discriminant_load_object);
    MP_OBJ_TYPE_SET_SLOT(&discriminant_type, locals_dict, (void *)&discriminant_dict, 1);
    mp_store_global(MP_QSTR_Discriminant, MP_OBJ_FROM_PTR(&discriminant_type));
#endif

    MP_DYNRUNTIME_INIT_EXIT
}
